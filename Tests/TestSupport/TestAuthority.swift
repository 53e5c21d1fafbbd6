import FoundationEssentials
import Reactor
import Testing

/// A certificate authority of one test, made by the program `openssl`, and what it certifies.
struct TestAuthority {
    struct Pair {
        let certificate: String
        let key: String
    }

    static let openssl = "/usr/bin/openssl"
    let folder: TemporaryFolder
    private let loop: EventLoop

    /// The authority's own certificate.
    var path: String { folder.path + "/authority.pem" }

    init() async throws {
        folder = try TemporaryFolder()
        loop = try EventLoop(name: "openssl")
        // No extensions but those that are asked for.
        try write("[req]\ndistinguished_name = name\n[name]\n", to: "openssl.cnf")
        try await request(
            "authority", subject: "Authority of a test",
            extensions: ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"], signed: false)
    }

    /// A certificate for the names, such as `DNS:example.org` and `IP:127.0.0.1`, in a file of this name.
    func issue(_ file: String, for names: String..., days: Int = 30) async throws -> Pair {
        try await request(
            file, subject: file,
            extensions: [
                "basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth",
                "subjectAltName=" + names.joined(separator: ","),
            ], days: days, signed: true)
        return Pair(certificate: "\(folder.path)/\(file).pem", key: "\(folder.path)/\(file).key")
    }

    /// Signs a statement that the certificate is good (RFC 6960), in DER beside it.
    func sayIsGood(_ pair: Pair) async throws -> String {
        let serial = try await run("x509", "-in", pair.certificate, "-noout", "-serial").trimmed.dropFirst(7)
        try write("V\t491231235959Z\t\t\(serial)\tunknown\t/CN=x\n", to: "index.txt")
        let (question, answer) = (pair.certificate + ".question", pair.certificate + ".ocsp")
        try await run("ocsp", "-issuer", path, "-cert", pair.certificate, "-no_nonce", "-reqout", question)
        try await run(
            "ocsp", "-index", folder.path + "/index.txt", "-rsigner", path, "-rkey", folder.path + "/authority.key",
            "-CA", path, "-reqin", question, "-respout", answer, "-ndays", "7")
        return answer
    }

    func write(_ text: String, to file: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(folder.path)/\(file)"))
    }

    /// Runs `openssl` and answers what it says on both outputs.
    @discardableResult
    func run(_ arguments: String..., input: String = "") async throws -> String {
        try await run(arguments, input: input)
    }

    func run(_ arguments: [String], input: String = "", mayFail: Bool = false) async throws -> String {
        let command = ChildProcess.Configuration(executable: Self.openssl, arguments: arguments)
        let result = try await ChildProcess.run(command, input: Array(input.utf8), on: loop)
        let text = String(decoding: result.output + result.errorTail, as: UTF8.self)
        try #require(mayFail || result.isSuccess, "openssl \(arguments): \(text)")
        return text
    }

    /// Runs `openssl` and answers what it writes to standard output.
    func bytes(_ arguments: [String], input: [UInt8]) async throws -> [UInt8] {
        let command = ChildProcess.Configuration(executable: Self.openssl, arguments: arguments)
        return try await ChildProcess.run(command, input: input, on: loop).output
    }

    /// Runs a program of the system and answers what it writes to standard output; it must succeed.
    func tool(_ path: String, _ arguments: [String]) async throws -> String {
        let command = ChildProcess.Configuration(executable: path, arguments: arguments)
        let result = try await ChildProcess.run(command, on: loop)
        let errors = String(decoding: result.errorTail, as: UTF8.self)
        try #require(result.isSuccess, "\(path) \(arguments): \(result.ending) \(errors)")
        return String(decoding: result.output, as: UTF8.self)
    }

    private func request(
        _ file: String, subject: String, extensions: [String], days: Int = 30, signed: Bool
    ) async throws {
        var arguments = [
            "req", "-x509", "-config", folder.path + "/openssl.cnf", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", "\(folder.path)/\(file).key", "-out",
            "\(folder.path)/\(file).pem", "-days", "\(days)", "-subj", "/CN=\(subject)",
        ]
        if signed { arguments += ["-CA", path, "-CAkey", folder.path + "/authority.key"] }
        for value in extensions { arguments += ["-addext", value] }
        _ = try await run(arguments)
    }
}

extension String {
    fileprivate var trimmed: Substring {
        self[...].trimmingPrefix { $0.isWhitespace }.prefix { !$0.isNewline }
    }
}
