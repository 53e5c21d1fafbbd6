import FoundationEssentials
import Glibc
import Reactor

/// A Redis server of one test, which may kill it, hold it and start it again.
final class TestRedis {
    static let program = "/usr/bin/redis-server"

    /// The server that tests share, which forgets all at the end: by scripts/with-redis.
    static var sharedAddress: String? { getenv("PALCO_TEST_REDIS").map { String(cString: $0) } }

    let folder: TemporaryFolder
    let port: Int
    private let arguments: [String]
    private var pid: pid_t = 0

    /// - Parameters:
    ///   - secure: listens with TLS only, by further arguments.
    ///   - arguments: as on the command line of redis-server.
    init(secure: Bool = false, _ arguments: String...) async throws {
        folder = try TemporaryFolder()
        port = try Listener.bind(host: "127.0.0.1", port: 0).port
        self.arguments =
            [
                "--bind", "127.0.0.1", secure ? "--tls-port" : "--port", "\(port)", "--save", "", "--appendonly", "no",
                "--dir", folder.path, "--logfile", folder.path + "/log",
            ] + (secure ? ["--port", "0"] : []) + arguments
        try await start()
    }

    deinit { kill() }

    /// Returns once it takes connections.
    func start() async throws {
        let log = folder.path + "/log"
        unlink(log)
        var words: [UnsafeMutablePointer<CChar>?] = ([Self.program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        let status = posix_spawn(&pid, Self.program, nil, nil, &words, &environment)
        guard status == 0 else { throw SystemError("posix_spawn", code: status) }
        try await eventually("Redis takes connections") {
            guard let bytes = FileManager.default.contents(atPath: log) else { return false }
            return String(decoding: bytes, as: UTF8.self).contains("Ready to accept connections")
        }
    }

    /// At once, by SIGKILL.
    func kill() {
        guard pid > 0 else { return }
        Glibc.kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        pid = 0
    }

    /// It goes on existing, but says nothing until `letGo`.
    func hold() { Glibc.kill(pid, SIGSTOP) }
    func letGo() { Glibc.kill(pid, SIGCONT) }

    /// - Parameter entrance: `user:password@`, or nothing.
    func address(
        _ entrance: String = "", scheme: String = "redis", host: String = "127.0.0.1", rest: String = ""
    )
        -> String
    {
        "\(scheme)://\(entrance)\(host):\(port)\(rest)"
    }
}
