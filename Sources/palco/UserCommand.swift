import App
import Glibc

/// `palco user …`: people, for houses that script.
enum UserCommand {
    enum Verb: Equatable {
        case list, create, role, disable, enable, unlock, reset, importing
    }

    static let members: [String: Command.Member] = [
        "list": Command.Member(["--words", "--role", "--state", "--json", "--data"]) { .user(.list, $0) },
        "create": Command.Member(
            ["--email", "--name", "--role", "--locale", "--password-stdin", "--json", "--data"]
        ) { .user(.create, $0) },
        "role": Command.Member(["--email", "--role", "--json", "--data"]) { .user(.role, $0) },
        "disable": Command.Member(["--email", "--json", "--data"]) { .user(.disable, $0) },
        "enable": Command.Member(["--email", "--json", "--data"]) { .user(.enable, $0) },
        "unlock": Command.Member(["--email", "--json", "--data"]) { .user(.unlock, $0) },
        "reset": Command.Member(["--email", "--password-stdin", "--json", "--data"]) { .user(.reset, $0) },
        "import": Command.Member(["--file", "--dry-run", "--json", "--data"]) { .user(.importing, $0) },
    ]

    static func run(_ verb: Verb, _ options: Command.Options) async throws {
        let commands = AccountCommands(try options.settings(), isJSON: options.isJSON)
        func email() throws(UsageError) -> String { try options.require("--email", \.email, .user) }
        try await AccountCommands.refusing(as: DataError.init) {
            switch verb {
            case .list:
                try await commands.listPeople(words: options.words, role: options.role, state: options.state) {
                    print($0)
                }
            case .create:
                print(
                    try await commands.createPerson(
                        email: try email(), name: options.name, role: options.role ?? "user", locale: options.locale,
                        password: try password(options)))
            case .role:
                print(
                    try await commands.change(
                        try email(), .role(try options.require("--role", \.role, .user))))
            case .disable: print(try await commands.change(try email(), .disabled(true)))
            case .enable: print(try await commands.change(try email(), .disabled(false)))
            case .unlock: print(try await commands.change(try email(), .unlocked))
            case .reset: print(try await commands.resetPassword(of: try email(), to: try password(options)))
            case .importing:
                let name = try options.require("--file", \.file, .user)
                let outcome = try await commands.importPeople(try contents(of: name), isDryRun: options.isDryRun)
                print(outcome.text)
                if outcome.refusedCount > 0 {
                    throw DataError(message: "\(outcome.refusedCount) lines were refused")
                }
            }
        }
    }

    /// The first line of standard input, where it was asked for.
    private static func password(_ options: Command.Options) throws -> String? {
        guard options.readsPassword else { return nil }
        guard let line = readLine(strippingNewline: true), !line.isEmpty else {
            throw DataError(message: "no password came by standard input")
        }
        return line
    }

    /// Of a file, or of standard input for `-`.
    private static func contents(of name: String) throws -> [UInt8] {
        let descriptor = name == "-" ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw DataError(message: "\(name) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var (bytes, buffer): ([UInt8], [UInt8]) = ([], Array(repeating: 0, count: 64 << 10))
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw DataError(message: "\(name) cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { return bytes }
            bytes += buffer[..<count]  // bound: checked in the next line
            guard bytes.count <= AccountCommands.mostImportedBytes else {
                throw DataError(message: "\(name) has more than \(AccountCommands.mostImportedBytes) bytes")
            }
        }
    }
}
