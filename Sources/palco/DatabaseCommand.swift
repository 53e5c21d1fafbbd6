import App

/// `palco migrate` and `palco database copy`
enum DatabaseCommand {
    static func show(_ options: Command.Options) async throws {
        let state = try await Server.migrationState(try options.settings())
        for step in state.newer { print("\(step) (of a newer palco)") }
        for step in state.pending { print(step) }
        print(state.pending.isEmpty ? "The database is up to date." : "These steps would be applied.")
    }

    static func migrate(_ options: Command.Options) async throws {
        let applied = try await Server.migrate(try options.settings())
        for step in applied { print(step) }
        print(applied.isEmpty ? "The database is up to date." : "These steps were applied.")
    }

    static func copy(_ options: Command.Options) async throws {
        guard let source = options.source, let target = options.target else {
            throw UsageError(message: "--from and --to are needed", topic: .database)
        }
        try await Server.copyDatabase(from: source, to: target) { print($0) }
        print("All is there. Set PALCO_DATABASE for the new database, and start the server again.")
    }
}
