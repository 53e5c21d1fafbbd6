import Cryptography
import Glibc
import Testing

@testable import Storage

@Suite("A storage that moves while it is used")
struct MovingTests {
    struct Killed: Error {}

    /// Two places, what servers see of them, and who moves.
    struct House {
        let old: TemporaryStorage
        let new: TemporaryStorage
        let scratch: DataFolder
        let servers: StorageServices
        let key: BlobKey = "videos/1/720p/0.m4s"

        init(_ way: Way) throws {
            old = try TemporaryStorage(way.old)
            new = try TemporaryStorage(way.new)
            scratch = try DataFolder(
                root: "\(new.root)/.moving", pool: new.folder.pool, reserve: 0)
            servers = StorageServices(new.storage, also: old.storage)
        }

        func mover(
            _ reached: @escaping @Sendable (MoveBlobs.Step, BlobKey) async throws -> Void = { _, _ in }
        ) -> MoveBlobs {
            var mover = MoveBlobs(
                ["videos", "refused"], last: "installation", from: old.storage, to: new.storage, scratch: scratch)
            mover.reached = reached
            return mover
        }

        @discardableResult
        func move(
            _ reached: @escaping @Sendable (MoveBlobs.Step, BlobKey) async throws -> Void = { _, _ in }
        ) async throws
            -> MoveBlobs.Rest
        { try await mover(reached)(report: { _ in }) }
    }

    struct Way: Sendable, CustomTestStringConvertible {
        var old: TestedStore
        var new: TestedStore
        var testDescription: String { "\(old) to \(new)" }

        static var all: [Way] {
            TestedStore.all.flatMap { old in TestedStore.all.map { Way(old: old, new: $0) } }
                .filter { $0.old == .local || $0.new == .local }
        }
    }

    static func bytes(_ count: Int, _ seed: UInt8) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) &+ seed }
    }

    @Test("All is at the new place, bit for bit, and servers see it all the time", arguments: Way.all)
    func moving(_ way: Way) async throws {
        let house = try House(way)
        // One is sent in parts.
        let blobs = [
            Blob("videos/1/original", Self.bytes(17 << 20, 1)), Blob("videos/1/720p/0.m4s", Self.bytes(300_000, 2)),
            Blob("videos/2/thumbnail.jpg", []), Blob("refused/3", Self.bytes(10, 3)),
            Blob("installation", Array("mark".utf8)),
        ]
        try await house.old.blobs.write(blobs)
        let seen = house.servers.blobs
        let rest = try await house.move { _, key in
            let bytes = blobs.first { $0.key == key }?.bytes ?? []
            let (read, list) = (try await seen.read(key, 0..<bytes.count), try await seen.list("videos"))
            #expect(read == bytes && list.count == 3)
        }
        #expect(rest.isEmpty)
        for blob in blobs {
            #expect(try await house.new.blobs.read(blob.key) == blob.bytes)
            #expect(try await house.old.blobs.size(of: blob.key) == nil)
        }
        #expect(try await house.new.blobs.size(of: MoveBlobs.claim) == nil)
        let left = try Folder.entries(house.scratch.incoming)
        #expect(left.isEmpty)
    }

    @Test("What a server writes is new, and no older one takes its place", arguments: Way.all)
    func replaced(_ way: Way) async throws {
        for moment in [MoveBlobs.Step.noted, .added, .compared] {
            let house = try House(way)
            let (key, seen) = (house.key, house.servers.blobs)
            try await house.old.blobs.write(key, [1])
            try await house.move { step, _ in
                if step == moment { try await seen.write(key, [2, 2]) }
            }
            #expect(try await house.new.blobs.read(key) == [2, 2], "\(moment)")
            #expect(try await house.old.blobs.size(of: key) == nil, "\(moment)")
        }
    }

    @Test("What a server removes does not come back, and neither when the mover is killed", arguments: Way.all)
    func removed(_ way: Way) async throws {
        for moment in [MoveBlobs.Step.noted, .added, .compared] {
            for isKilled in [false, true] where !(isKilled && moment == .compared) {
                let house = try House(way)
                let (key, seen) = (house.key, house.servers.blobs)
                try await house.old.blobs.write(key, [1])
                _ = try? await house.move { step, _ in
                    if step == moment { try await seen.removeTree("videos/1") }
                    if isKilled, step == .added { throw Killed() }
                }
                try await house.move()
                #expect(try await seen.size(of: key) == nil, "\(moment), killed: \(isKilled)")
            }
        }
    }

    @Test("Whenever the mover is killed, the next one ends what it began", arguments: Way.all)
    func killed(_ way: Way) async throws {
        for moment in [MoveBlobs.Step.noted, .added, .compared] {
            let house = try House(way)
            try await house.old.blobs.write(house.key, [1, 2, 3])
            await #expect(throws: Killed.self) {
                try await house.move { step, _ in if step == moment { throw Killed() } }
            }
            #expect(try await house.servers.blobs.read(house.key) == [1, 2, 3])
            #expect(try await house.move().isEmpty)
            #expect(try await house.new.blobs.read(house.key) == [1, 2, 3])
            #expect(try await house.old.blobs.size(of: house.key) == nil)
        }
    }

    @Test("What is another one at both places stays at both and is told, and so is an upload under way")
    func rest() async throws {
        let house = try House(Way(old: .local, new: .local))
        try await house.old.blobs.write(house.key, [1])
        try await house.new.blobs.write(house.key, [2])
        try await house.old.uploads.create("uploads/7", becoming: "videos/7/original", expecting: 3)
        let rest = try await house.move()
        #expect(rest == MoveBlobs.Rest(different: [house.key], uploads: ["7"]))
        #expect(try await house.old.blobs.read(house.key) == [1])
        #expect(try await house.servers.blobs.read(house.key) == [2])
        // It goes on where it began, becomes a blob there, and moves.
        let upload = try await house.servers.uploads.open("uploads/7")
        try await upload.append([7, 7, 7])
        try await upload.close()
        try await house.servers.uploads.finish("uploads/7", as: "videos/7/original")
        #expect(try await house.servers.blobs.read("videos/7/original") == [7, 7, 7])
        try await house.old.blobs.remove(house.key)
        #expect(try await house.move().isEmpty)
        #expect(try await house.new.blobs.read("videos/7/original") == [7, 7, 7])
    }

    @Test("A second machine may not move to the same place, as it knows nothing of what the first had on its way")
    func oneAtATime() async throws {
        let house = try House(Way(old: .local, new: .local))
        try await house.old.blobs.write(house.key, [1])
        await #expect(throws: Killed.self) { try await house.move { _, _ in throw Killed() } }
        let elsewhere = try TemporaryStorage()
        let other = MoveBlobs(
            ["videos"], last: "installation", from: house.old.storage, to: house.new.storage, scratch: elsewhere.folder)
        await #expect(throws: MoveBlobs.InUse.self) { _ = try await other { _ in } }
        #expect(try await house.move().isEmpty)
    }

    @Test("Servers that have the places the other way round see and change the same", arguments: Way.all)
    func otherWayRound(_ way: Way) async throws {
        let house = try House(way)
        let (one, other) = (house.servers.blobs, StorageServices(house.old.storage, also: house.new.storage).blobs)
        try await one.write("videos/1/a", [1])
        try await other.write("videos/1/a", [2])
        try await other.write("videos/1/b", [3])
        #expect(try await one.read("videos/1/a") == [2])
        #expect(try await one.sizes(of: ["videos/1/b", "videos/1/c"]) == [1, nil])
        #expect(try await one.list("videos/1").map(\.key) == ["videos/1/a", "videos/1/b"])
        try await one.move("videos/1/b", to: "videos/1/a")
        #expect(try await other.read("videos/1/a") == [3])
        #expect(try await other.size(of: "videos/1/b") == nil)
        let copy = try await one.copy(of: "videos/1/a")
        try await other.removeTree("videos")
        // A name of its own, at the place that blobs leave.
        if way.old == .local { #expect(access(copy.path, R_OK) == 0) }
        copy.release()
        #expect(try await one.size(of: "videos/1/a") == nil)
    }
}
