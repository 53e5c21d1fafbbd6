import HTTP
import Reactor
import Sandbox
import Synchronization
import Testing

@testable import App
@testable import TestSupport

@Suite("A service that cannot go on")
struct FailedServiceTests {
    /// A data folder whose queue of tasks is gone: what works on it fails, all else begins as ever.
    private static func withoutQueue(in folder: TemporaryFolder) async throws -> AppHouse {
        let house = try await AppHouse(in: folder)
        try await house.database.write { _ = try $0.execute("DROP TABLE encoding_tasks") }
        return house
    }

    @Test("ends the server, which listens no more, though nobody asked it to stop")
    func inProcess() async throws {
        let folder = try TemporaryFolder()
        let house = try await Self.withoutQueue(in: folder)
        let port = Mutex(0)
        let error = await #expect(throws: (any Error).self) {
            try await house.server.serve(
                started: { ports in port.withLock { $0 = ports.plain } },
                until: { for await _ in AsyncStream<Void>.makeStream().stream {} })
        }
        #expect("\(error, default: "")".contains("encoding_tasks"))
        #expect(house.log.lines.contains { $0.contains("a service failed") && $0.contains("encoding_tasks") })
        let loop = try EventLoop()
        let address = SocketAddress(host: "127.0.0.1", port: port.withLock { $0 })
        #expect(address.port > 0)
        await #expect(throws: ConnectionError.self) {
            try await Task(executorPreference: loop) {
                try await Connection.connect(to: address, on: loop).close()
            }.value
        }
    }

    @Test("ends the process with a status and a line in the log")
    func process() async throws {
        let folder = try TemporaryFolder()
        await (try await Self.withoutQueue(in: folder)).server.stop()
        var command = ChildProcess.Configuration(
            executable: try Sandbox().launcher,
            arguments: ["serve", "--host", "127.0.0.1", "--port", "0", "--data", folder.path + "/data"],
            timeLimit: .seconds(120))
        if let address = AppHouse.settings(in: folder).databaseAddress {
            command.environment.append("PALCO_DATABASE=\(address)")
        }
        let result = try await ChildProcess.run(command, on: try EventLoop())
        #expect(result.ending == .exited(1))
        let output = String(decoding: result.output, as: UTF8.self)
        #expect(output.contains("listening on http://127.0.0.1:"))
        let line = output.split(separator: "\n").first { $0.contains("a service failed") }
        #expect(line?.contains("encoding_tasks") == true, "\(output)")
        #expect(String(decoding: result.errorTail, as: UTF8.self).hasPrefix("palco: "))
    }
}
