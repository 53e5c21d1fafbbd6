import Accounts
import FoundationEssentials
import HTTP
import Media
import Reactor
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("Streams of events")
struct EventRoutesTests {
    /// One who follows a stream and can wait for a text in it.
    final class Follower: ResponseWriter {
        private let pieces: AsyncStream<String>.Continuation

        init(_ pieces: AsyncStream<String>.Continuation) { self.pieces = pieces }

        func write(_ bytes: [UInt8]) async throws { pieces.yield(String(decoding: bytes, as: UTF8.self)) }
        func keepsGoing() -> Bool { true }
    }

    struct Stream {
        var iterator: AsyncStream<String>.Iterator
        var text = ""

        /// All that came, up to this text or the end of the stream.
        mutating func read(until wanted: String? = nil) async -> String {
            while wanted.map({ !text.contains($0) }) ?? true, let piece = await iterator.next(isolation: #isolation) {
                text += piece
            }
            return text
        }
    }

    /// Opens a stream and waits until it listens.
    func follow(_ house: VideoHouse, _ role: Role, _ path: String = "/videos/events") async throws -> Stream {
        let (pieces, continuation) = AsyncStream.makeStream(of: String.self)
        Task {
            defer { continuation.finish() }
            let response = await house.application.respond(
                to: Request(target: "/api/v1" + path, headers: ["X-Role": role.rawValue]))
            let fields = [response.headers[.contentType], response.headers[.cacheControl]].compactMap(\.self)
            continuation.yield("\(response.status.code) \(fields.joined(separator: ", "))\n")
            if case .stream(_, let produce) = response.body { try await produce(Follower(continuation)) }
        }
        var stream = Stream(iterator: pieces.makeAsyncIterator())
        let start = await stream.read(until: "retry")
        #expect(start.hasPrefix("200 text/event-stream, no-store\nretry: 2000\n\n"))
        return stream
    }

    func publish(_ title: String, in house: VideoHouse, _ change: (inout Video) -> Void = { _ in }) {
        var video = house.video(named: title)
        change(&video)
        house.videos.events.publish(VideoEvent(about: video, named: .updated))
    }

    @Test("A stream holds only what its viewer may see", arguments: Role.allCases)
    func events(role: Role) async throws {
        let house = try await VideoHouse()
        var stream = try await follow(house, role)
        publish("Hidden film", in: house) { $0.isHidden = true }
        publish("Open film", in: house)
        house.videos.events.beat()
        house.videos.events.close()
        let text = await stream.read()
        #expect(text.contains("event: updated\n") && text.contains("Open film"))
        #expect(text.contains("Hidden film") == (role >= .creator))
        #expect(house.videos.events.listenerCount == 0)
        await house.close()
    }

    @Test("The stream of one video begins with it and tells of no other")
    func one() async throws {
        let house = try await VideoHouse()
        let video = house.video(named: "This one")
        try await house.insert(video)
        var stream = try await follow(house, .user, "/videos/\(video.id)/events")
        publish("Another", in: house)
        house.videos.events.publish(VideoEvent(about: video, named: .removed))
        house.videos.events.close()
        let text = await stream.read()
        #expect(text.contains("event: ready\n") && text.contains("event: removed\n") && !text.contains("Another"))
        await house.close()
    }

    @Test("A stream ends with what its viewer was let in for", arguments: Fate.allCases)
    func ends(fate: Fate) async throws {
        let house = try await VideoHouse()
        var stream = try await follow(house, .creator)
        publish("Before", in: house)
        #expect(await stream.read(until: "Before").contains("Before"))
        try await house.befall(.creator, fate)
        publish("After", in: house)
        // It ends by itself: nothing else closes it.
        #expect(await stream.read(until: "After").contains("After") == false)
        #expect(house.videos.events.listenerCount == 0)
        await house.close()
    }

    @Test("Streams of other people and of other sign-ins go on", arguments: Fate.allCases)
    func othersGoOn(fate: Fate) async throws {
        let house = try await VideoHouse()
        var stream = try await follow(house, .admin)
        try await house.befall(.creator, fate)
        publish("After", in: house)
        #expect(await stream.read(until: "After").contains("After"))
        house.videos.events.close()
        await house.close()
    }

    @Test("Whoever is gone before the first event is told nothing")
    func goneBeforeTheFirst() async throws {
        let house = try await VideoHouse()
        let video = house.video(named: "This one")
        try await house.insert(video)
        let response = await house.application.respond(
            to: Request(target: "/api/v1/videos/\(video.id)/events", headers: ["X-Role": "creator"]))
        try await house.befall(.creator, .signedOut)
        let text = String(decoding: try await response.collect(), as: UTF8.self)
        #expect(response.status == .ok && text == "retry: 2000\n\n")
        #expect(house.videos.events.listenerCount == 0)
        await house.close()
    }

    @Test("That a session ended is not lost among too many events")
    func flooded() async throws {
        let house = try await VideoHouse()
        var stream = try await follow(house, .creator)
        publish("Before", in: house)
        _ = await stream.read(until: "Before")
        let held = await HeldLoop(house.loops.loops[0])
        try await house.befall(.creator, .signedOut)
        for _ in 0..<100 { publish("Flood", in: house) }
        held.letGo()
        #expect(await stream.read(until: "Flood").contains("Flood") == false)
        #expect(house.videos.events.listenerCount == 0)
        await house.close()
    }

    @Test("A session that ends without a word is noticed at the next heartbeat")
    func heartbeat() async throws {
        let house = try await VideoHouse()
        var stream = try await follow(house, .creator)
        publish("Before", in: house)
        _ = await stream.read(until: "Before")
        house.accounts.end(house.accounts.session(.creator))
        house.videos.events.beat()
        publish("After", in: house)
        #expect(await stream.read(until: "After").contains("After") == false)
        #expect(house.videos.events.listenerCount == 0)
        await house.close()
    }

    @Test("Nobody holds more than a few streams, and others are not kept out by them")
    func few() async throws {
        let house = try await VideoHouse()
        var streams: [Stream] = []
        for _ in 0..<VideoEvents.mostPerPerson { streams.append(try await follow(house, .user)) }
        let video = house.video(named: "Film")
        try await house.insert(video)
        for path in ["/videos/events", "/videos/\(video.id)/events"] {
            let response = await house.application.respond(
                to: Request(target: "/api/v1" + path, headers: ["X-Role": "user"]))
            #expect(response.status == .tooManyRequests && response.headers[.retryAfter] == "30")
            var text = ""
            if case .bytes(let bytes) = response.body { text = String(decoding: bytes, as: UTF8.self) }
            #expect(text.contains("too_many_streams"))
        }
        streams.append(try await follow(house, .premium))
        try await house.befall(.user, .signedOut)
        publish("After", in: house)
        #expect(await streams[0].read(until: "After").contains("After") == false)
        streams.append(try await follow(house, .admin))
        house.videos.events.close()
        for index in streams.indices { _ = await streams[index].read() }
        #expect(house.videos.events.listenerCount == 0)
        await house.close()
    }

    @Test("All streams together have a bound, and one that ends makes room")
    func bounded() async throws {
        let loops = try EventLoopGroup(count: 1)
        let events = VideoEvents(loops, capacity: 3)
        var listeners = try (0..<3).map { _ in try events.listen(to: .all, as: UserID()) }
        #expect(throws: VideoError.tooManyStreams) { try events.listen(to: .all, as: UserID()) }
        listeners.removeLast()
        listeners.append(try events.listen(to: .all, as: UserID()))
        listeners[0].leave()
        #expect(events.listenerCount == listeners.count - 1)
        #expect(events.listenerCounts == (all: 2, one: 0))
        listeners.append(try events.listen(to: .video(VideoID()), as: UserID()))
        #expect(events.listenerCounts == (all: 2, one: 1))
        await loops.shutdown()
    }

    @Test("The database's writer waits for no listener and for no loop")
    func writerGoesOn() async throws {
        let house = try await VideoHouse()
        let video = house.video(named: "Film")
        try await house.insert(video)
        var stream = try await follow(house, .creator)
        let events = house.videos.events
        let encoding = house.follow()
        let held = await HeldLoop(house.loops.loops[0])
        for step in 1...100 {
            let progress = EncodingProgress(status: .processing, progress: Double(step) / 100)
            try await house.database.write { try encoding(progress, of: video.id, in: $0) }
        }
        held.letGo()
        events.close()
        // The oldest are gone, and the last says how it is now.
        let text = await stream.read()
        #expect(text.components(separatedBy: "event: progress").count == 65)
        #expect(text.contains("\"progress\":1,") && !text.contains("\"progress\":0.36,"))
        #expect(events.missedCount == 36)
        await house.close()
    }

    @Test("What several may see alike is encoded once, and the same for all of them")
    func encodedOnce() throws {
        var video = Video.example
        video.failure = EncodingProgress.Failure(code: "encoding_failed", detail: "moov atom")
        let event = EncodedVideoEvent(VideoEvent(about: video, named: .failed))
        func bytes(_ viewer: Viewer) throws -> [UInt8] { try event.bytes(for: viewer) }
        func place(_ viewer: Viewer) throws -> Int {
            try bytes(viewer).withUnsafeBytes { Int(bitPattern: $0.baseAddress) }
        }
        let viewers = [Role.user, .premium, .creator].map { Viewer(id: UserID(), role: $0) }
        let owner = Viewer(id: video.owner, role: .creator)
        let administrator = Viewer(id: UserID(), role: .admin)
        #expect(Set(try viewers.map(place)).count == 1)
        #expect(try place(owner) == place(owner) && place(owner) != place(viewers[0]))
        let texts = try [viewers[0], owner, administrator].map { String(decoding: try bytes($0), as: UTF8.self) }
        #expect(texts.map { $0.contains("a.mp4") } == [false, true, true])
        #expect(texts.map { $0.contains("moov atom") } == [false, false, true])
        #expect(texts.allSatisfy { $0.hasPrefix("event: failed\ndata: {") && $0.hasSuffix("}\n\n") })
    }

    @Test("The heartbeat goes to every stream, and clients leave it out")
    func beats() async throws {
        let house = try await VideoHouse()
        let video = house.video(named: "Film")
        try await house.insert(video)
        var streams = [try await follow(house, .user), try await follow(house, .admin, "/videos/\(video.id)/events")]
        house.videos.events.beat()
        for index in streams.indices {
            let text = await streams[index].read(until: "\n:\n\n")
            #expect(text.contains("\n:\n\n"))
        }
        house.videos.events.close()
        for index in streams.indices { _ = await streams[index].read() }
        await house.close()
    }
}
