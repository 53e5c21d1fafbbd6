import Testing

@testable import Storage
@testable import TestSupport

@Suite("A disk with an end")
struct SpaceTests {
    private let megabyte = [UInt8](repeating: 1, count: 1 << 20)

    @Test("What cannot fit is refused before a byte is written")
    func beforehand() async throws {
        let temporary = try TemporaryStorage(reserve: 0)
        let usable = try await temporary.workspace.usableSpace()
        await #expect(throws: StorageError.noSpace) {
            try await temporary.uploads.begin("a", becoming: "o", expecting: usable * 2)
        }
        await #expect(throws: StorageError.noSpace) {
            try await temporary.uploads.create("u", becoming: "o", expecting: usable * 2)
        }
        await #expect(throws: StorageError.noSpace) { try await temporary.workspace.requireSpace(usable * 2) }
        #expect(try temporary.everything == [".incoming"])
    }

    @Test("What may be written is what is free, less the reserve and less what others were promised")
    func sums() throws {
        let space = SpaceGuard(reserve: 40) { 100 }
        #expect(throws: StorageError.noSpace) { try space.promise(61) }
        #expect(throws: StorageError.noSpace) { try space.check(61) }
        try space.promise(50)
        #expect(try space.usable() == 10)
        #expect(throws: StorageError.noSpace) { try space.promise(11) }
        try space.promise(10)
        space.release(50)
        try space.promise(50)
        // Who was promised room may use it.
        try space.check(60)
    }

    @Test("A reserve larger than the disk refuses everything and leaves nothing")
    func reserve() async throws {
        let temporary = try TemporaryStorage(reserve: 1 << 60)
        await #expect(throws: StorageError.noSpace) { try await temporary.blobs.write("a", [1]) }
        await #expect(throws: StorageError.noSpace) {
            try await temporary.uploads.begin("a", becoming: "o", expecting: 1)
        }
        await #expect(throws: StorageError.noSpace) {
            let writer = try await temporary.uploads.begin("a", becoming: "o", expecting: nil)
            try await writer.append([1])
            try await writer.finish()
        }
        #expect(try temporary.everything == [".incoming"])
    }

    @Test(
        "What is promised to one writer is not promised to another",
        .enabled(if: TemporaryStorage.mayMount, "needs root to mount a small disk"))
    func promises() async throws {
        let temporary = try TemporaryStorage(byteCount: 16 << 20)
        let first = try await temporary.uploads.begin("a", becoming: "o", expecting: 10 << 20)
        await #expect(throws: StorageError.noSpace) {
            try await temporary.uploads.begin("b", becoming: "o", expecting: 10 << 20)
        }
        await first.discard()
        let second = try await temporary.uploads.begin("b", becoming: "o", expecting: 10 << 20)
        for _ in 0..<10 { try await second.append(megabyte) }
        try await second.finish()
        #expect(try await temporary.workspace.usableSpace() > 4 << 20)
        _ = try await temporary.uploads.begin("c", becoming: "o", expecting: 4 << 20)
    }

    @Test(
        "A writer keeps only the next step free for itself, however much it announced",
        .enabled(if: TemporaryStorage.mayMount, "needs root to mount a small disk"))
    func steps() async throws {
        let step = BlobWriter.promiseStep
        let temporary = try TemporaryStorage(byteCount: 4 * step)
        let before = try await temporary.workspace.usableSpace()
        do {
            let slow = try await temporary.uploads.begin("slow", becoming: "o", expecting: before)
            #expect(try await temporary.workspace.usableSpace() == before - step)
            let other = try await temporary.uploads.begin("other", becoming: "o", expecting: step)
            await #expect(throws: StorageError.noSpace) {
                try await temporary.uploads.begin("never", becoming: "o", expecting: before)
            }
            // What was written is used up, and the step after it is kept as well.
            let piece = [UInt8](repeating: 1, count: 8 << 20)
            for _ in 0...(step / piece.count) { try await slow.append(piece) }
            #expect(try await temporary.workspace.usableSpace() <= before - 3 * step)
            // The third step would go into what the other one was promised.
            await #expect(throws: StorageError.noSpace) { while true { try await slow.append(piece) } }
            await other.discard()
        }
        // The kernel gives the room of removed files back when it comes to it.
        try await eventually("all room is free again") { try await temporary.workspace.usableSpace() == before }
        #expect(try temporary.everything == [".incoming"])
    }

    @Test(
        "When the disk fills up while writing, nothing of the blob stays",
        .enabled(if: TemporaryStorage.mayMount, "needs root to mount a small disk"))
    func fillingUp() async throws {
        let temporary = try TemporaryStorage(byteCount: 4 << 20)
        await #expect(throws: StorageError.noSpace) {
            let writer = try await temporary.uploads.begin("a", becoming: "o", expecting: nil)
            for _ in 0..<8 { try await writer.append(megabyte) }
            try await writer.finish()
        }
        #expect(try temporary.everything == [".incoming"])
        await #expect(throws: StorageError.noSpace) {
            try await temporary.blobs.write((0..<8).map { Blob(BlobKey("v").appending($0), megabyte) })
        }
        #expect(try temporary.everything == [".incoming"])
        // What was removed is room again as soon as the last descriptor of it is closed.
        try await eventually("there is room again") {
            do { try await temporary.blobs.write("small", [1]) } catch StorageError.noSpace { return false }
            return true
        }
    }

    @Test(
        "A resumable blob keeps what fitted, and goes on when there is room",
        .enabled(if: TemporaryStorage.mayMount, "needs root to mount a small disk"))
    func resuming() async throws {
        let temporary = try TemporaryStorage(byteCount: 4 << 20)
        try await temporary.blobs.write("other", megabyte)
        try await temporary.uploads.create("u", becoming: "o", expecting: nil)
        let partial = try await temporary.uploads.open("u")
        await #expect(throws: StorageError.noSpace) {
            while true { try await partial.append(megabyte) }
        }
        let kept = partial.byteCount
        try await partial.close()
        #expect(try await temporary.uploads.size(of: "u") == kept && kept >= 2 << 20)
        try await temporary.blobs.remove("other")
        let next = try await temporary.uploads.open("u")
        try await next.append(Array(megabyte.prefix(1_000)))
        try await next.close()
        #expect(try await temporary.uploads.size(of: "u") == kept + 1_000)
    }
}
