import App

/// `palco token …`: what programs sign in with.
enum TokenCommand {
    enum Verb: Equatable {
        case create, list, remove
    }

    static let members: [String: Command.Member] = [
        "create": Command.Member(["--email", "--name", "--scopes", "--days", "--json", "--data"]) {
            .token(.create, $0)
        },
        "list": Command.Member(["--email", "--json", "--data"]) { .token(.list, $0) },
        "remove": Command.Member(["--id", "--data"]) { .token(.remove, $0) },
    ]

    static func run(_ verb: Verb, _ options: Command.Options) async throws {
        let commands = AccountCommands(try options.settings(), isJSON: options.isJSON)
        func required(_ name: String, _ place: KeyPath<Command.Options, String?>) throws(UsageError) -> String {
            try options.require(name, place, .token)
        }
        try await AccountCommands.refusing(as: DataError.init) {
            switch verb {
            case .create:
                let days = try required("--days", \.days)
                guard let count = Int(days) else {
                    throw UsageError(message: "--days needs a whole number", topic: .token)
                }
                print(
                    try await commands.createToken(
                        for: try required("--email", \.email), name: try required("--name", \.name),
                        scopes: try required("--scopes", \.scopes), days: count))
            case .list: print(try await commands.listTokens(of: try required("--email", \.email)))
            case .remove: print(try await commands.removeToken(try required("--id", \.id)))
            }
        }
    }
}
