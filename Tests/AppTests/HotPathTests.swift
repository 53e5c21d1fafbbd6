import FoundationEssentials
import Glibc
import HTTP
import Reactor
import Synchronization
import Testing

@testable import App
@testable import Encoding
@testable import TestSupport
@testable import Videos

@Suite("The way of a segment", .serialized)
struct HotPathTests {
    /// Every address of one video that is made: playlists, segments with a grant and without one, init segments and keys.
    private static func addresses(of id: VideoID, _ client: WireClient) async throws -> [String] {
        let master = try #require(try await client.get("/api/v1/videos/\(id)/play")["playback_url"])
        var found = [master]
        for line in try await client.get(master).text.split(separator: "\n") where !line.hasPrefix("#") {
            let list = address(line, in: master)
            found += [list, address("init.mp4", in: list), address("key", in: list), address("0.m4s", in: list)]
            let text = try await client.get(list).text
            for segment in text.split(separator: "\n") where !segment.hasPrefix("#") {
                #expect(segment.hasPrefix("/media/"))
                found.append(address(segment, in: list))
            }
        }
        return found
    }

    private static func madeVideo(
        _ house: AppHouse, _ client: WireClient, in folder: TemporaryFolder
    ) async throws -> VideoID {
        let form = FeatureTests.form(try await FeatureTests.film(in: folder))
        let made = try await client.send(.post, "/api/v1/videos", form.headers, body: form.body)
        let id = try #require(made["id"].flatMap { VideoID($0) })
        try await FeatureTests.whenReady(id, house, progress: 1)
        try await whenNothingIsLeftToDo(house)
        return id
    }

    /// Pictures and captions are made after the film, and what is measured then is read anew.
    private static func whenNothingIsLeftToDo(_ house: AppHouse) async throws {
        let (queue, loop) = (house.server.services.queue, house.server.services.loops.next())
        while true {
            let rings = queue.signals.bell.rings
            if try await queue.counts().isEmpty { break }
            await queue.signals.bell.wait(after: rings, patience: .seconds(600), on: loop)
        }
        // What is to be done after the last commit is done when the next write begins.
        try await house.database.write { _ in }
    }

    @Test("Playlists, segments, init segments and keys of a video that is being watched need no database")
    func noDatabase() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.serving { port in
            let client = try await FeatureTests.signedIn(.socket, house, port)
            let id = try await Self.madeVideo(house, client, in: folder)
            let addresses = try await Self.addresses(of: id, client)
            #expect(addresses.count >= 3)
            var viewer = client
            viewer.token = nil
            await house.database.close()
            for address in addresses {
                let answer = try await viewer.get(address)
                #expect(answer.status == 200 && !answer.body.isEmpty)
            }
            // The control: there is no database any more.
            let database = house.database
            await #expect(throws: (any Error).self) { try await database.read { try $0.query("SELECT 1").count } }
        }
    }

    @Test("A request for a segment is answered on the thread of its connection from its first byte to its last")
    func oneThread() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.serving { port in
            let client = try await FeatureTests.signedIn(.socket, house, port)
            let id = try await Self.madeVideo(house, client, in: folder)
            let addresses = try await Self.addresses(of: id, client)
            let threads = Mutex<[(before: UInt, after: UInt)]>([])
            let listener = try Listener.bind(host: "127.0.0.1", port: 0)
            let application = house.application
            let server = HTTPServer(
                listener: listener, connections: ConnectionSet(house.server.services.loops),
                options: HTTPServer.Options()
            ) { request in
                let before = UInt(pthread_self())
                let response = await application.respond(to: request)
                threads.withLock { $0.append((before, UInt(pthread_self()))) }
                return response
            }
            server.start()
            let viewer = WireClient(ring: .socket, server: house.server, port: listener.port)
            for address in addresses { #expect(try await viewer.get(address).status == 200) }
            _ = await server.stop(patience: .seconds(120))
            let seen = threads.withLock { $0 }
            #expect(seen.count == addresses.count)
            #expect(seen.allSatisfy { $0.before == $0.after })
        }
    }
}
