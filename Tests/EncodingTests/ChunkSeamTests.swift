import FoundationEssentials
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("What decoders that begin in the middle show")
struct ChunkSeamTests {
    @Test("Two chunks meet in one picture, as far as both saw it")
    func holding() {
        let (a, b) = (ChunkSeam(first: "1", next: "2"), ChunkSeam(first: "2", next: nil))
        #expect(ChunkSeam.holds(a, b) && ChunkSeam.holds(nil, b) && ChunkSeam.holds(a, nil))
        #expect(ChunkSeam.holds(b, a), "behind the last there is nothing to compare")
        #expect(!ChunkSeam.holds(a, ChunkSeam(first: "3", next: nil)))
    }

    private func film(_ studio: Studio) async throws -> EncodingID {
        let path = try await TestMedia.film(
            "film.mkv", in: studio, size: "640x360", seconds: 50,
            ["-c:v", "mpeg2video", "-g", "50", "-bf", "2", "-c:a", "aac"])
        let id = try await studio.add(path)
        try await studio.drained()
        return id
    }

    @Test("Every chunk of an ordinary film begins with what the one before saw behind itself")
    func ordinary() async throws {
        try await Studio.with { studio in
            let id = try await film(studio)
            let count = try #require(try await studio.plan(id)).chunkStarts.count
            #expect(count >= 4)
            let seams = try await studio.database.read { access in
                try (0..<count).map { try EncodingStore.seam(of: id, chunk: $0, in: access) }
            }
            #expect(seams.allSatisfy { $0?.first != nil })
            #expect(seams.dropLast().allSatisfy { $0?.next != nil } && seams.last??.next == nil)
            #expect(Set(seams.map { $0?.first }).count == count, "each is another picture")
            for (before, after) in zip(seams, seams.dropFirst()) { #expect(ChunkSeam.holds(before, after)) }
        }
    }

    @Test("Where one begins with another picture, the source is read as a whole, and what was watched stays")
    func garbage() async throws {
        try await Studio.with { studio in
            let id = try await film(studio)
            let plan = try #require(try await studio.plan(id))
            let name = try #require(plan.steps.last).name
            let lost = try #require(VideoFiles.segment(id, name, plan.segments(ofChunk: 2).lowerBound))
            try await studio.storage.blobs.remove(lost)
            try await studio.database.write { transaction in
                try EncodingStore.setSeam(
                    ChunkSeam(first: nil, next: "345600 0x00000001"), of: id, chunk: 1, in: transaction)
                try TaskQueue.add(.chunk, chunk: 2, of: id, priority: 1, in: transaction)
            }
            studio.queue.signals.bell.ring()
            try await eventually("the source is read as a whole") {
                let video = try await studio.presentation(id).video
                return video.contains { $0.name.hasSuffix("-2") && $0.isComplete }
            }
            try await studio.drained()
            let hasFailed = studio.changes.all(of: id).contains { $0.status == .failed }
            #expect(!hasFailed)
            let presentation = try await studio.presentation(id)
            let areComplete = presentation.video.allSatisfy(\.isComplete)
            #expect(areComplete)
            #expect(abs(presentation.duration.seconds - 50) < 0.1)
        }
    }
}
