/// What was typed, understood.
enum Command: Equatable {
    case help(HelpTopic)
    case version
    case serve(Options)
    case worker(Options)
    case workers(Options)
    case createAdministrator(Options)
    case unlockAccount(Options)
    case user(UserCommand.Verb, Options)
    case token(TokenCommand.Verb, Options)
    case exportAudit(Options)
    case rotateKeys(Options)
    case doctor(Options)
    case showMigrations(Options)
    case migrate(Options)
    case copyDatabase(Options)
    case copyStorage(Options)
    case moveStorage(Options)
    case backUp(String, Options)
    case restore(String, Options)
    case verify(Options)
    case export(String, Options)
    case importing(String, Options)

    init(_ arguments: [String]) throws(UsageError) {
        guard let first = arguments.first else {
            self = .help(.palco)
            return
        }
        let rest = arguments.dropFirst()
        switch first {
        case "-h", "--help", "help": self = .help(.palco)
        case "--version": self = .version
        case "version": self = try Self.parse(rest, .version, takes: []) { _ in .version }
        case "serve":
            self = try Self.parse(rest, .serve, takes: ["--host", "--port", "--data", "--workers"]) { .serve($0) }
        case "worker":
            self = try Self.parse(
                rest, .worker, takes: ["--data", "--workers", "--kinds", "--max-lines"]
            ) { .worker($0) }
        case "workers": self = try Self.parse(rest, .workers, takes: ["--data"]) { .workers($0) }
        case "doctor": self = try Self.parse(rest, .doctor, takes: ["--data", "--url"]) { .doctor($0) }
        case "migrate":
            self =
                rest.first == "show"
                ? try Self.parse(rest.dropFirst(), .migrate, takes: ["--data"]) { .showMigrations($0) }
                : try Self.parse(rest, .migrate, takes: ["--data"]) { .migrate($0) }
        case "database":
            self = try Self.member(
                of: .database, rest, ["copy": Member(["--from", "--to"]) { .copyDatabase($0) }])
        case "storage":
            self = try Self.member(
                of: .storage, rest,
                [
                    "copy": Member(["--from", "--to"]) { .copyStorage($0) },
                    "move": Member(["--from", "--to", "--data"]) { .moveStorage($0) },
                ])
        case "backup": self = try Self.folder(rest, .backup) { .backUp($0, $1) }
        case "restore": self = try Self.folder(rest, .restore) { .restore($0, $1) }
        case "export": self = try Self.folder(rest, .export) { .export($0, $1) }
        case "import": self = try Self.folder(rest, .importing) { .importing($0, $1) }
        case "verify": self = try Self.parse(rest, .verify, takes: ["--repair", "--data"]) { .verify($0) }
        case "admin":
            self = try Self.member(
                of: .admin, rest,
                [
                    "create": Member(["--email", "--data"]) { .createAdministrator($0) },
                    "unlock": Member(["--email", "--data"]) { .unlockAccount($0) },
                ])
        case "user": self = try Self.member(of: .user, rest, UserCommand.members)
        case "token": self = try Self.member(of: .token, rest, TokenCommand.members)
        case "audit":
            let filters = ["--from", "--to", "--action", "--actor", "--target", "--words"]
            self = try Self.member(
                of: .audit, rest, ["export": Member(["--format", "--data"] + filters) { .exportAudit($0) }])
        case "keys": self = try Self.member(of: .keys, rest, ["rotate": Member(["--data"]) { .rotateKeys($0) }])
        default: throw UsageError(message: "there is no command \"\(first)\"", topic: .palco)
        }
    }

    /// A command of a group, such as `create` of `palco user`.
    struct Member: Sendable {
        let options: [String]
        let make: @Sendable (Options) -> Command

        init(_ options: [String], _ make: @escaping @Sendable (Options) -> Command) {
            self.options = options
            self.make = make
        }
    }

    private static func member(
        of group: HelpTopic, _ arguments: ArraySlice<String>, _ members: [String: Member]
    ) throws(UsageError) -> Command {
        guard let word = arguments.first, word != "-h", word != "--help" else { return .help(group) }
        guard let member = members[word] else {
            throw UsageError(message: "there is no command \"\(group.name) \(word)\"", topic: group)
        }
        return try parse(arguments.dropFirst(), group, takes: member.options, member.make)
    }

    /// A command whose first word is a folder.
    private static func folder(
        _ arguments: ArraySlice<String>, _ topic: HelpTopic, takes names: [String] = ["--data"],
        _ make: (String, Options) -> Command
    ) throws(UsageError) -> Command {
        guard let word = arguments.first else { throw UsageError(message: "a folder is to be named", topic: topic) }
        guard !word.hasPrefix("-") else { return try parse(arguments, topic, takes: []) { _ in .help(topic) } }
        return try parse(arguments.dropFirst(), topic, takes: names) { make(word, $0) }
    }

    private static func parse(
        _ arguments: ArraySlice<String>, _ topic: HelpTopic, takes names: [String], _ make: (Options) -> Command
    ) throws(UsageError) -> Command {
        var options = Options()
        var rest = arguments
        while let argument = rest.popFirst() {
            if argument == "-h" || argument == "--help" { return .help(topic) }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard names.contains(parts[0]) else {
                throw UsageError(message: "\"\(argument)\" is not understood here", topic: topic)
            }
            if let flag = Options.flags[parts[0]] {
                guard parts.count == 1 else {
                    throw UsageError(message: "\(parts[0]) takes no value", topic: topic)
                }
                options[keyPath: flag] = true
                continue
            }
            guard let value = parts.count > 1 ? parts[1] : rest.popFirst(), !value.isEmpty,
                let place = Options.values[parts[0]]
            else { throw UsageError(message: "\(parts[0]) needs a value", topic: topic) }
            options[keyPath: place] = value
        }
        return make(options)
    }
}

/// Wrong use: what was wrong, and the help that explains it.
struct UsageError: Error {
    let message: String
    let topic: HelpTopic
}

/// What was given cannot be taken: no such account, an address that is none, a list with wrong lines.
struct DataError: Error {
    let message: String
}
