import App

/// `palco keys rotate`
enum KeysCommand {
    static func rotate(_ options: Command.Options) async throws {
        let name = try await Server.rotateTokenKeys(try options.settings())
        print("The key \(name) signs access tokens from now on.")
    }
}
