import Glibc
import Testing

@testable import Reactor
@testable import TestSupport

/// A listener on a free port with two loops, and clients that run on the second one.
private struct Harness {
    let group: EventLoopGroup
    let connections: ConnectionSet
    let listener: Listener

    init(_ handler: @escaping @Sendable (Connection) async -> Void) throws {
        group = try EventLoopGroup(count: 2)
        connections = ConnectionSet(group)
        listener = try Listener.bind(host: "127.0.0.1", port: 0)
        listener.serve(in: connections, handler: handler)
    }

    func client<T: Sendable>(_ body: @escaping @Sendable (Connection) async throws -> T) async throws -> T {
        let loop = group.loops[1]
        return try await Task(executorPreference: loop) { [address = listener.address] in
            let connection = try await Connection.connect(to: address, on: loop)
            defer { connection.close() }
            return try await body(connection)
        }.value
    }

    func stop() async {
        listener.stop()
        await group.shutdown()
    }
}

private func readAll(_ connection: Connection) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = ByteBuffer(capacity: 64 << 10)
    while try await connection.read(into: &buffer) > 0 {
        bytes.append(contentsOf: buffer.readableBytes)
        buffer.removeAll()
    }
    return bytes
}

@Suite("Connections")
struct ConnectionTests {
    @Test("What is sent comes back, larger than any socket buffer, without leaving the loop's thread")
    func echo() async throws {
        let hops = Shared(0)
        let harness = try Harness { connection in
            let thread = pthread_self()
            var buffer = ByteBuffer(capacity: 16 << 10)
            while let count = try? await connection.read(into: &buffer), count > 0 {
                if pthread_self() != thread { hops.withLock { $0 += 1 } }
                try? await connection.write(&buffer)
                if pthread_self() != thread { hops.withLock { $0 += 1 } }
            }
        }
        let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let received = try await harness.client { connection in
            async let back = readAll(connection)
            try await connection.write(sent)
            connection.shutdownWrite()
            return try await back
        }
        #expect(received == sent)
        #expect(hops.withLock { $0 } == 0)
        await harness.stop()
    }

    @Test("Accepted connections are spread evenly over the loops")
    func fairAccepts() async throws {
        let counts = Shared<[ObjectIdentifier: Int]>([:])
        let harness = try Harness { connection in
            counts.withLock { $0[ObjectIdentifier(connection.loop), default: 0] += 1 }
        }
        for _ in 0..<20 {
            _ = try await harness.client { try await readAll($0) }
        }
        #expect(counts.withLock { $0.values.sorted() } == [10, 10])
        await harness.stop()
    }

    @Test("A writer waits while its peer reads nothing")
    func backPressure() async throws {
        let written = Shared(0)
        let (writers, writer) = AsyncStream.makeStream(of: EventLoop.self)
        let harness = try Harness { connection in
            writer.yield(connection.loop)
            let chunk = [UInt8](repeating: 7, count: 64 << 10)
            for _ in 0..<1024 {
                guard (try? await connection.write(chunk)) != nil else { return }
                written.withLock { $0 += chunk.count }
            }
        }
        let seen = try await harness.client { connection in
            var loops = writers.makeAsyncIterator()
            let loop = await loops.next()
            let before = await Task(executorPreference: loop) {
                // On the writer's loop each of these turns is one of the writer's too, unless it waits for its peer.
                while true {
                    let before = written.withLock { $0 }
                    for _ in 0..<100 { await Task.yield() }
                    let isWaiting = written.withLock { $0 == before }
                    if isWaiting, before > 0 { return before }
                }
            }.value
            return (before, try await readAll(connection).count)
        }
        // The kernels of both sides take less than a megabyte.
        #expect(seen.0 > 0 && seen.0 < 1 << 20)
        #expect(seen.1 == 64 << 20)
        await harness.stop()
    }

    @Test("Of two who write, or wait for bytes, the second is refused, and nothing of it is sent")
    func oneAtATime() async throws {
        let big = [UInt8](repeating: 7, count: 64 << 20)
        let refused = Shared<[ConnectionError?]>([])
        let harness = try Harness { connection in
            let writer = Task(executorPreference: connection.loop) { try await connection.write(big) }
            let reader = Task(executorPreference: connection.loop) {
                var buffer = ByteBuffer(capacity: 16)
                return try await connection.read(into: &buffer)
            }
            // In the order in which they were made: the writer is in the middle, the reader waits.
            await Task.yield()
            var (buffer, more) = (ByteBuffer(capacity: 16), ByteBuffer(capacity: 16))
            more.append(contentsOf: [1])
            for attempt in 0..<4 {
                do throws(any Error) {
                    switch attempt {
                    case 0: try await connection.write([1])
                    case 1: _ = try [1 as UInt8].withUnsafeBytes { try connection.tryWrite($0) }
                    case 2: try await connection.write(&more)
                    default: _ = try await connection.read(into: &buffer)
                    }
                    refused.withLock { $0.append(nil) }
                } catch { refused.withLock { $0.append(error as? ConnectionError) } }
            }
            _ = try? await writer.value
            connection.shutdownWrite()
            _ = try? await reader.value
        }
        let received = try await harness.client { try await readAll($0) }
        #expect(received == big)
        #expect(refused.withLock { $0 } == [.busy, .busy, .busy, .busy])
        await harness.stop()
    }

    @Test("A file goes out from an offset, byte for byte", arguments: [0..<0, 0..<1, 1..<2_000_000, 777..<1_500_001])
    func sendFile(range: Range<Int>) async throws {
        let path = "/tmp/palco-reactor-\(getpid())-\(range.count)"
        let bytes = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 >> 9) }
        let descriptor = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
        #expect(bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == bytes.count)
        close(descriptor)
        defer { unlink(path) }
        let file = try OpenFile(path: path)
        #expect(try file.read(range) == Array(bytes[range]))
        let pool = try BlockingPool(name: "warm", threads: 1)
        let harness = try Harness { connection in
            try? await connection.write(Array("head".utf8), more: true)
            try? await connection.sendFile(file, range: range, warming: pool)
        }
        let received = try await harness.client { try await readAll($0) }
        #expect(received == Array("head".utf8) + bytes[range])
        await harness.stop()
        await pool.shutdown()
    }

    @Test("A connection past its deadline is cut")
    func deadline() async throws {
        let outcome = Shared<(any Error)?>(nil)
        let harness = try Harness { connection in
            connection.deadline = MonotonicTime.now + .milliseconds(10)
            var buffer = ByteBuffer(capacity: 16)
            do { _ = try await connection.read(into: &buffer) } catch { outcome.withLock { $0 = error } }
        }
        let received = try await harness.client { try await readAll($0) }
        #expect(received.isEmpty)
        #expect(outcome.withLock { $0 as? ConnectionError } == .timedOut)
        await harness.stop()
    }

    @Test("Draining ends idle connections at once and lets busy ones finish")
    func drain() async throws {
        let harness = try Harness { connection in
            var buffer = ByteBuffer(capacity: 16)
            guard (try? await connection.read(into: &buffer)) == 1 else { return }
            if buffer.readableBytes.first == UInt8(ascii: "i") {
                connection.isIdle = true
                _ = try? await connection.write([1])
                buffer.removeAll()
                _ = try? await connection.read(into: &buffer)
            } else {
                _ = try? await connection.write([1])
                try? await eventually("the server drains") { connection.isDraining }
                _ = try? await connection.write(Array("finished".utf8))
            }
        }
        let ready = Shared(0)
        let talk: @Sendable (String) async throws -> [UInt8] = { text in
            try await harness.client { connection in
                try await connection.write(Array(text.utf8))
                var buffer = ByteBuffer(capacity: 1)
                _ = try await connection.read(into: &buffer)
                ready.withLock { $0 += 1 }
                return try await readAll(connection)
            }
        }
        async let idle = talk("i")
        async let busy = talk("b")
        while ready.withLock({ $0 }) < 2 { await Task.yield() }
        harness.connections.drain()
        #expect(try await idle.isEmpty)
        #expect(try await busy == Array("finished".utf8))
        #expect(await harness.connections.waitUntilEmpty(patience: .seconds(120)) == 0)
        await harness.stop()
    }

    @Test("A port that is taken is a clear error")
    func portTaken() throws {
        let first = try Listener.bind(host: "127.0.0.1", port: 0)
        #expect {
            try Listener.bind(host: "127.0.0.1", port: first.port)
        } throws: { error in
            "\(error)" == "cannot listen on 127.0.0.1:\(first.port): bind: Address already in use"
        }
    }
}
