/// What was typed, understood.
enum Command: Equatable {
    case help(HelpTopic)
    case version
    case serve(Options)
    case createAdministrator(Options)
    case unlockAccount(Options)
    case doctor(Options)

    /// What the options of all commands can say; each command names those that it takes.
    struct Options: Equatable {
        var host: String?
        var port: String?
        var data: String?
        var email: String?
        var url: String?
    }

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
        case "serve": self = try Self.parse(rest, .serve, takes: ["--host", "--port", "--data"]) { .serve($0) }
        case "doctor": self = try Self.parse(rest, .doctor, takes: ["--data", "--url"]) { .doctor($0) }
        case "admin":
            switch rest.first {
            case "create":
                self = try Self.parse(rest.dropFirst(), .admin, takes: ["--email", "--data"]) {
                    .createAdministrator($0)
                }
            case "unlock":
                self = try Self.parse(rest.dropFirst(), .admin, takes: ["--email", "--data"]) { .unlockAccount($0) }
            case nil, "-h", "--help": self = .help(.admin)
            case let word?: throw UsageError(message: "there is no command \"admin \(word)\"", topic: .admin)
            }
        default: throw UsageError(message: "there is no command \"\(first)\"", topic: .palco)
        }
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
            guard let value = parts.count > 1 ? parts[1] : rest.popFirst(), !value.isEmpty else {
                throw UsageError(message: "\(parts[0]) needs a value", topic: topic)
            }
            switch parts[0] {
            case "--host": options.host = value
            case "--port": options.port = value
            case "--data": options.data = value
            case "--url": options.url = value
            default: options.email = value
            }
        }
        return make(options)
    }
}

/// Wrong use: what was wrong, and the help that explains it.
struct UsageError: Error {
    let message: String
    let topic: HelpTopic
}
