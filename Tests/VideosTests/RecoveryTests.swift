import Accounts
import BaseEncoding
import Cryptography
import FoundationEssentials
import Glibc
import HTTP
import SQL
import Storage
import Synchronization
import Testing

@testable import TestSupport
@testable import Videos

@Suite("What a crash leaves")
struct RecoveryTests {
    /// An upload whose bytes are all here, as a kill right after the last one leaves it.
    func complete(_ house: VideoHouse, _ content: String, at place: (Upload) -> BlobKey?) async throws -> Upload {
        let upload = Upload(
            id: UploadID(), owner: house.creator.id, byteCount: Int64(content.utf8.count), metadata: "",
            details: try VideoDetails(fields: ["title": "Left"], fileName: "left.mp4"), fileName: "left.mp4",
            state: .receiving, checkedOffset: nil, video: nil, refusal: nil, createdAt: house.clock.now,
            expiresAt: house.clock.now.addingTimeInterval(3600))
        try await house.storage.blobs.write(try #require(place(upload)), Array(content.utf8))
        try await house.database.write { try UploadStore().insert(upload, in: $0) }
        return upload
    }

    func recover(_ house: VideoHouse) async throws {
        await house.videos.recovery.recover(try await house.videos.recovery.takeInventory())
    }

    @Test("Between the last byte and the row, and between the rename and the row", arguments: [false, true])
    func finished(renamed: Bool) async throws {
        let house = try await VideoHouse()
        let upload = try await complete(house, "VIDEO left") {
            renamed ? $0.id.version.original : $0.id.blob
        }
        for _ in 0..<2 { try await recover(house) }
        let video = try await house.videos.find(upload.videoID, for: house.creator, through: .details)
        #expect(video.title == "Left" && video.checksum == Hex.encode(SHA256.hash("VIDEO left")))
        #expect(house.encoder.enqueued == [upload.videoID])
        #expect(try house.files() == ["videos/\(video.id)/original"])
        await house.close()
    }

    @Test("An upload that was looked into at two traps of the server is refused, and its file is kept apart")
    func suspect() async throws {
        let house = try await VideoHouse()
        let gone = LeaseOwner()
        gone.close()
        let upload = try await complete(house, "VIDEO trap") { $0.id.blob }
        let other = try await complete(house, "VIDEO fine") { $0.id.blob }
        for traps in [false, true, true] {
            try await house.database.write { try UploadStore().setInspected(upload.id, by: gone, in: $0) }
            _ = try await house.videos.recovery.takeInventory(afterTrap: traps)
        }
        try await recover(house)
        #expect(try house.files() == ["refused/\(upload.id)", "videos/\(other.videoID)/original"])
        let stored = try await house.database.read { try UploadStore().find(upload.id, in: $0) }
        #expect(stored?.state == .refused && stored?.refusal == "corrupt_file")
        await house.close()
    }

    @Test("What another server has in hand stays as it is when this one begins, also after a trap")
    func sibling() async throws {
        let house = try await VideoHouse()
        let other = LeaseOwner()
        let upload = try await complete(house, "VIDEO held") { $0.id.blob }
        let reserved = UploadID()
        try await house.database.write { [owner = house.creator.id] transaction in
            try UploadStore().setInspected(upload.id, by: other, in: transaction)
            try UploadStore().reserve(
                reserved, for: owner, byteCount: 1, at: Date(), expiresAt: Date() + 3600, by: other, in: transaction)
        }
        for _ in 0..<3 { _ = try await house.videos.recovery.takeInventory(afterTrap: true) }
        #expect(try await house.database.read { try UploadStore().find(reserved, in: $0) }?.state == .reserved)
        #expect(try await house.database.read { try UploadStore().find(upload.id, in: $0) }?.state == .receiving)
        other.close()
        for _ in 0..<3 { _ = try await house.videos.recovery.takeInventory(afterTrap: true) }
        #expect(try await house.database.read { try UploadStore().find(reserved, in: $0) } == nil)
        // It was in hand at one trap only.
        #expect(try await house.database.read { try UploadStore().find(upload.id, in: $0) }?.state == .receiving)
        await house.close()
    }

    @Test("What was looked into at a kill is looked into again, however often")
    func killed() async throws {
        let house = try await VideoHouse()
        let gone = LeaseOwner()
        gone.close()
        let upload = try await complete(house, "VIDEO kill") { $0.id.blob }
        for _ in 0..<5 {
            try await house.database.write { try UploadStore().setInspected(upload.id, by: gone, in: $0) }
            _ = try await house.videos.recovery.takeInventory(afterTrap: false)
        }
        try await recover(house)
        #expect(try house.files() == ["videos/\(upload.videoID)/original"])
        await house.close()
    }

    @Test("A complete upload of known bytes ends as the first video", arguments: [false, true])
    func known(renamed: Bool) async throws {
        let house = try await VideoHouse()
        let first = try await house.upload("VIDEO twice").video.id
        _ = try await complete(house, "VIDEO twice") {
            renamed ? $0.id.version.original : $0.id.blob
        }
        try await recover(house)
        #expect(try house.files() == ["videos/\(first)/original"])
        #expect(house.encoder.enqueued.count == 1)
        await house.close()
    }

    @Test("A complete upload of what is no video is refused as it would have been")
    func refused() async throws {
        let house = try await VideoHouse()
        let upload = try await complete(house, "text") { $0.id.blob }
        try await recover(house)
        #expect(try house.files().isEmpty)
        let stored = try await house.database.read { try UploadStore().find(upload.id, in: $0) }
        #expect(stored?.state == .refused && stored?.refusal == "not_a_video")
        await house.close()
    }

    @Test("Where the sandbox is weak, complete uploads wait for a safe one")
    func weakSandbox() async throws {
        var settings = VideoSettings()
        settings.acceptsUploads = false
        let house = try await VideoHouse(settings: settings)
        let upload = try await complete(house, "VIDEO wait") { $0.id.blob }
        try await recover(house)
        try await house.videos.upkeep.tidyUp()
        #expect(house.encoder.inspections == 0 && house.encoder.enqueued.isEmpty)
        #expect(try await house.database.read { try UploadStore().find(upload.id, in: $0) }?.state == .receiving)
        await house.close()
    }

    @Test("A long file whose hash is missing is hashed in small steps, so that others are served between")
    func hashing() async throws {
        let house = try await VideoHouse()
        let upload = try await complete(house, "VIDEO long") { $0.id.blob }
        let byteCount = 32 << 20
        let path = "\(house.folder.path)/uploads/\(upload.id)"
        try #require(truncate(path, byteCount) == 0)
        try await house.database.write {
            _ = try $0.execute("UPDATE uploads SET byte_count = $2 WHERE id = $1", upload.id, Int64(byteCount))
        }
        let session = try #require(house.videos.sessions.take(upload.id))
        house.videos.sessions.release(upload.id)
        let isHashed = Mutex(false)
        house.encoder.whileInspecting { isHashed.withLock { $0 = true } }
        let loop = house.loops.next()
        // Somebody else on the one loop there is, and there first: how far the hash was at each of its turns.
        let places = Task(executorPreference: loop) {
            var places: Set<Int64> = []
            while !isHashed.withLock({ $0 }) {
                await withUnsafeContinuation { turn in loop.execute { turn.resume() } }
                places.insert(session.digestedByteCount)
            }
            return places
        }
        try await Task(executorPreference: loop) { try await recover(house) }.value
        let between = await places.value.subtracting([0, Int64(byteCount)])
        // In one step there is no place between.
        #expect(between.count > 1)
        #expect(house.encoder.enqueued == [upload.videoID])
        await house.close()
    }

    struct Broken: Error {}

    @Test("A form whose row could not be written leaves no bytes")
    func formWithoutRow() async throws {
        let house = try await VideoHouse()
        house.encoder.failEnqueuing(with: Broken())
        #expect(try await house.upload("VIDEO moved").status == .internalServerError)
        #expect(try house.files().isEmpty)
        #expect(try await house.uploadRows() == 0)
        await house.close()
    }

    @Test("An upload whose row could not be written is finished later without a restart")
    func rowLater() async throws {
        let house = try await VideoHouse()
        house.encoder.failEnqueuing(with: Broken())
        let upload = try await complete(house, "VIDEO moved") { $0.id.blob }
        for _ in 0..<2 {
            try await house.videos.upkeep.tidyUp()
            #expect(try house.files() == ["videos/\(upload.videoID)/original"])
        }
        house.encoder.failEnqueuing(with: nil)
        try await house.videos.upkeep.tidyUp()
        #expect(house.encoder.enqueued == [upload.videoID])
        _ = try await house.videos.find(upload.videoID, for: house.creator, through: .details)
        await house.close()
    }

    @Test("An upload whose row could never be written goes with its time, and its bytes with it")
    func rowNever() async throws {
        let house = try await VideoHouse()
        house.encoder.failEnqueuing(with: Broken())
        _ = try await complete(house, "VIDEO moved") { $0.id.blob }
        try await house.videos.upkeep.tidyUp()
        #expect(try house.files().count == 1)
        house.clock.advance(by: 3601)
        try await house.videos.recovery.expire()
        #expect(try house.files().isEmpty)
        #expect(try await house.uploadRows() == 0)
        await house.close()
    }

    @Test("An upload that a request holds is left to it")
    func heldUpload() async throws {
        let house = try await VideoHouse()
        let upload = try await complete(house, "VIDEO held") { $0.id.blob }
        _ = try #require(house.videos.sessions.take(upload.id))
        house.clock.advance(by: 3601)
        try await house.videos.upkeep.tidyUp()
        #expect(try house.files().count == 1)
        #expect(house.encoder.enqueued.isEmpty)
        house.videos.sessions.release(upload.id)
        try await house.videos.recovery.expire()
        #expect(try house.files().isEmpty)
        await house.close()
    }

    @Test("A row whose bytes are gone goes as well")
    func rowWithoutBytes() async throws {
        let house = try await VideoHouse()
        let upload = try await complete(house, "VIDEO gone") { $0.id.blob }
        try await house.storage.uploads.remove(try #require(upload.id.blob))
        try await house.videos.upkeep.tidyUp()
        #expect(try await house.uploadRows() == 0)
        await house.close()
    }

    @Test("Uploads expire and streams are asked again while the recovery still works")
    func besideRecovery() async throws {
        var settings = VideoSettings()
        settings.uploadLifetime = .seconds(4)
        let house = try await VideoHouse(settings: settings)
        let left = try await complete(house, "VIDEO of many gigabytes") { $0.id.blob }
        let abandoned = try await house.videos.createUpload(
            TusProtocol.Creation(byteCount: 9, metadata: UploadMetadata(), carriesChunk: false), by: house.creator)
        house.clock.advance(by: 5)
        let (stopped, stop) = AsyncStream.makeStream(of: Void.self)
        house.encoder.whileInspecting { for await _ in stopped {} }
        let inventory = try await house.videos.recovery.takeInventory()
        let work = Task { await house.videos.upkeep.run(inventory) }
        try await eventually("the abandoned upload is gone") {
            try !house.files().contains("uploads/\(abandoned.id)")
        }
        #expect(try house.files() == ["videos/\(left.videoID)/original"])
        stop.finish()
        while house.encoder.enqueued.isEmpty { await Task.yield() }
        work.cancel()
        await work.value
        #expect(try house.files() == ["videos/\(left.videoID)/original"])
        await house.close()
    }

    @Test("Files that no row stands for are swept, unfinished uploads and strangers' files stay")
    func sweep() async throws {
        let house = try await VideoHouse()
        let kept = try await house.upload("VIDEO kept").video.id
        let waiting = try await house.videos.createUpload(
            TusProtocol.Creation(byteCount: 9, metadata: UploadMetadata(), carriesChunk: false), by: house.creator)
        try await house.storage.blobs.write(try #require(BlobKey("uploads/\(UploadID())")), [1])
        try await house.storage.blobs.write(try #require(BlobKey("videos/\(VideoID())/720p/0.m4s")), [1])
        try await house.storage.blobs.write("videos/notes.txt", [1])
        try await recover(house)
        #expect(
            try house.files() == ["uploads/\(waiting.id)", "videos/\(kept)/original", "videos/notes.txt"].sorted())
        await house.close()
    }

    @Test("Where other servers store too, what no row stands for is swept only when it is older than any upload may be")
    func shared() async throws {
        let house = try await VideoHouse(isShared: true)
        let places = ["uploads/\(UploadID())", "videos/\(VideoID())/original"]
        for (place, days) in [
            (places[0], 7.5), (places[1], 7.5), ("uploads/\(UploadID())", 8.5), ("videos/\(VideoID())/720p/0.m4s", 8.5),
        ] {
            try await house.storage.blobs.write(try #require(BlobKey(place)), [1])
            try FileManager.default.setAttributes(
                [.modificationDate: house.clock.now.addingTimeInterval(-days * 86_400)],
                ofItemAtPath: "\(house.folder.path)/\(place)")
        }
        try await recover(house)
        #expect(
            try house.files().count == 4, "sweeping is the work of one server at a time, not of each when it begins")
        try await house.videos.sweep()
        #expect(try house.files() == places.sorted())
        // A slot that another server holds stays as well, until it expires.
        try await house.videos.slots.reserve(UploadID(), for: house.creator.id, byteCount: 1)
        try await recover(house)
        #expect(try await house.uploadRows() == 1)
        await house.close()
    }

    @Test("What arrives after the inventory is not taken for a leftover")
    func newcomers() async throws {
        let house = try await VideoHouse()
        let inventory = try await house.videos.recovery.takeInventory()
        try await house.storage.blobs.write(try #require(BlobKey("uploads/\(UploadID())")), [1])
        await house.videos.recovery.recover(inventory)
        #expect(try house.files().count == 1)
        await house.close()
    }
}
