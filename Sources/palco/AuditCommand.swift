import App

/// `palco audit export`
enum AuditCommand {
    static func export(_ options: Command.Options) async throws {
        let commands = AccountCommands(try options.settings(), isJSON: false)
        let filter = [
            "from": options.source, "to": options.target, "action": options.actions, "actor": options.actor,
            "target": options.subject, "q": options.words,
        ]
        try await AccountCommands.refusing(as: DataError.init) {
            try await commands.exportAudit(as: options.format ?? "csv", filter.compactMapValues(\.self)) { text in
                print(text, terminator: "")
            }
        }
    }
}
