import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Reactor
@testable import TestSupport

@Suite("Unix sockets to listen on")
struct UnixSocketTests {
    /// Connects, and answers what was said and the error otherwise.
    private func hear(_ path: String) -> (text: String, code: Int32) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { return ("", errno) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_WAITALL))
        return (String(decoding: bytes.prefix(max(0, count)), as: UTF8.self), 0)
    }

    private func serve(_ listener: Listener, in group: EventLoopGroup) {
        listener.serve(in: ConnectionSet(group)) { connection in
            try? await connection.write(Array("\(connection.remoteAddress.host)".utf8))
        }
    }

    @Test("Whoever may enter the folder is served; the socket goes when the listener stops")
    func served() async throws {
        let folder = try TemporaryFolder()
        let group = try EventLoopGroup(count: 1)
        let path = folder.path + "/palco.sock"
        let listener = try Listener.bind(path: path)
        serve(listener, in: group)
        #expect(hear(path).text == "unix")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o666)
        listener.stop()
        #expect(access(path, F_OK) != 0)
        await group.shutdown()
    }

    @Test("A socket that nobody listens on any more is replaced, a living one and other files are not")
    func taken() async throws {
        let folder = try TemporaryFolder()
        let group = try EventLoopGroup(count: 1)
        let path = folder.path + "/palco.sock"
        do { _ = try Listener.bind(path: path) }
        #expect(hear(path).code == ECONNREFUSED)
        let listener = try Listener.bind(path: path)
        serve(listener, in: group)
        #expect(throws: ListenerError.self) { try Listener.bind(path: path) }
        #expect(hear(path).text == "unix")
        listener.stop()
        #expect(FileManager.default.createFile(atPath: path, contents: Data("text".utf8)))
        #expect(throws: ListenerError.self) { try Listener.bind(path: path) }
        #expect(FileManager.default.contents(atPath: path) == Data("text".utf8))
        #expect(throws: ListenerError.self) { try Listener.bind(path: String(repeating: "x", count: 108)) }
        #expect(throws: ListenerError.self) { try Listener.bind(path: folder.path + "/nowhere/palco.sock") }
        await group.shutdown()
    }
}
