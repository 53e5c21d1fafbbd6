import App

/// `palco admin create`
enum AdminCommand {
    static func create(_ options: Command.Options) async throws {
        guard let email = options.email else {
            throw UsageError(message: "--email is missing", topic: .admin)
        }
        let made = try await Server.createAdministrator(try options.settings(), email: email)
        print("\(made.email) is an administrator now.")
        if let password = made.generatedPassword {
            print("Password, shown this once: \(password)")
        }
    }
}
