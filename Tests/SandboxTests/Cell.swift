import FoundationEssentials
import Glibc
import Reactor
import Sandbox

/// Runs programs in the sandbox, with a folder of their own to write into.
final class Cell: Sendable {
    static let loops = Result { try EventLoopGroup(count: 1) }

    let sandbox: Sandbox
    let folder: String
    let writable: String

    init() throws {
        sandbox = try Sandbox()
        folder = "/tmp/palco-sandbox-\(UInt64.random(in: 0 ... .max))"
        writable = folder + "/work"
        try FileManager.default.createDirectory(atPath: writable, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func file(_ name: String, _ text: String) throws -> String {
        let path = "\(folder)/\(name)"
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    func run(
        _ program: String, _ arguments: [String], reads: [String] = [], limits: SandboxPolicy.Limits = .init()
    ) async throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
        let policy = SandboxPolicy(readable: reads, writable: [writable], limits: limits, niceness: 0)
        let command = sandbox.command(program, arguments, policy: policy)
        return try await start(command.executable, command.arguments)
    }

    func start(
        _ program: String, _ arguments: [String]
    ) async throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
        let result = try await ChildProcess.run(
            ChildProcess.Configuration(executable: program, arguments: arguments, timeLimit: .seconds(120)),
            on: Self.loops.get().next())
        return (
            result.ending, String(decoding: result.output, as: UTF8.self),
            String(decoding: result.errorTail, as: UTF8.self)
        )
    }
}
