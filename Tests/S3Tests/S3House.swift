import HTTPClient
import Reactor
import Synchronization
import Testing

@testable import S3
@testable import TestSupport

/// A client with a place of its own in the bucket of tests, and where a test wants it a proxy before the server.
struct S3House {
    let group: EventLoopGroup
    let client: S3Client
    let proxy: FaultyProxy?
    /// What the client would have waited before it tried again.
    let pauses: Pauses

    final class Pauses: Sendable {
        private let list = Mutex<[Duration]>([])
        var all: [Duration] { list.withLock { $0 } }
        func append(_ pause: Duration) { list.withLock { $0.append(pause) } }
    }

    /// - Parameter change: of the client's configuration, which waits for nothing before it tries again.
    static func run(
        through script: FaultyProxy.Script? = nil, _ change: (inout S3Client.Configuration) -> Void = { _ in },
        _ body: (S3House) async throws -> Void
    ) async throws {
        let group = try EventLoopGroup(count: 2)
        let pool = try BlockingPool(name: "s3-tests", threads: 2)
        let connections = ConnectionSet(group)
        let result: Result<Void, any Error>
        do {
            let server = try address(of: TestBucket.endpoint())
            let proxy = try script.map { try FaultyProxy(to: server, in: connections, $0) }
            let pauses = Pauses()
            var configuration = try TestBucket.fresh(through: proxy?.url)
            configuration.pause = { pauses.append($0) }
            change(&configuration)
            let client = try S3Client(configuration, loops: group, pool: pool)
            let house = S3House(group: group, client: client, proxy: proxy, pauses: pauses)
            do { result = .success(try await body(house)) } catch { result = .failure(error) }
            await client.shutdown()
        } catch {
            result = .failure(error)
        }
        connections.drain()
        _ = await connections.waitUntilEmpty(patience: .milliseconds(300))
        await group.shutdown()
        await pool.shutdown()
        try result.get()
    }

    private static func address(of url: String) throws -> SocketAddress {
        let parts = url.dropFirst("http://".count).split(separator: ":")
        return SocketAddress(
            host: String(try #require(parts.first)), port: try #require(parts.last.flatMap { Int($0) }))
    }

    /// Why something fails; nil when it does not.
    func failure(_ work: () async throws -> Void) async throws -> S3Error? {
        do {
            try await work()
            return nil
        } catch let error as S3Error {
            return error
        }
    }

    /// An address as anybody reads it.
    func fetch(_ url: String) async throws -> (status: Int, headers: [String: String], bytes: [UInt8]) {
        var configuration = HTTPClient.Configuration()
        configuration.allowedNetworks = [try #require(IPNetwork("127.0.0.1"))]
        let http = try HTTPClient(group: group, configuration: configuration)
        var request = ClientRequest(url: url)
        request.maxBodyBytes = 64 << 20
        let answer = try await http.withResponse(to: request) { response in
            let headers = response.headers.map { ($0.name.lowercased(), $0.value) }
            let bytes = try await response.body.collect()
            return (response.status.code, Dictionary(headers) { first, _ in first }, bytes)
        }
        await http.shutdown()
        return answer
    }
}

/// Bytes of which no two stretches of 8 KB are the same. Made of copies: to make each byte in a debug build would keep all
/// threads from the tests that run beside.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    let block = (0..<4096).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + block.count + 8)
    var number = seed
    while bytes.count < count {
        withUnsafeBytes(of: number) { bytes += $0 }
        bytes += block
        number += 1
    }
    bytes.removeLast(bytes.count - count)
    return bytes
}
