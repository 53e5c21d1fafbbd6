import App

/// `palco admin create` and `palco admin unlock`
enum AdminCommand {
    static func create(_ options: Command.Options) async throws {
        let made = try await Server.createAdministrator(try options.settings(), email: try email(options))
        print("\(made.email) is an administrator now.")
        if let password = made.generatedPassword {
            print("Password, shown this once: \(password)")
        }
    }

    static func unlock(_ options: Command.Options) async throws {
        let email = try email(options)
        try await Server.unlockAccount(try options.settings(), email: email)
        print("\(email) can sign in again from everywhere.")
    }

    private static func email(_ options: Command.Options) throws -> String {
        guard let email = options.email else { throw UsageError(message: "--email is missing", topic: .admin) }
        return email
    }
}
