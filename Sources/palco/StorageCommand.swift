import App

/// `palco storage copy` and `palco storage move`
enum StorageCommand {
    /// With two places servers are stopped; without them the settings name the places, and servers run.
    static func move(_ options: Command.Options) async throws {
        if options.source != nil || options.target != nil { return try await copy(options, removing: true) }
        try await Server.moveStorage(try options.settings()) { print($0) }
        print("Nothing is left at the old place. Take PALCO_STORAGE_ALSO away, and restart the servers one by one.")
    }

    static func copy(_ options: Command.Options, removing: Bool = false) async throws {
        guard let source = options.source, let target = options.target else {
            throw UsageError(message: "--from and --to are needed", topic: .storage)
        }
        try await Server.copyStorage(try options.settings(), from: source, to: target, removing: removing) { print($0) }
        print("All is there. Set PALCO_STORAGE for the new place, and start the servers again.")
    }
}
