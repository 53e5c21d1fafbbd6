import FoundationEssentials
import SQL
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("Nothing is lost")
struct RestartTests {
    @Test("A server that stops in the middle goes on where it was, and leaves nothing over", arguments: [false, true])
    func restart(isStandard: Bool) async throws {
        let folder = NSTemporaryDirectoryPath.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let source = isStandard ? TestMedia.phone : "\(folder)/short.avi"
        let id = try await Studio.open(folder) { studio in
            if !isStandard {
                try await studio.ffmpeg(["-i", TestMedia.surveillance, "-t", "24", "-c", "copy", source])
            }
            let id = try await studio.add(source)
            _ = await studio.changes.first(of: id) { $0.progress > 0.05 }
            return id
        }
        try await Studio.open(folder) { studio in
            try await studio.drained()
            let record = try await studio.database.read { try EncodingStore.record(id, in: $0) }
            #expect(record?.state == .complete)
            let presentation = try await studio.presentation(id)
            let frames = Frames(studio: studio)
            for rendition in presentation.video {
                let path = try await studio.served(id, rendition.name)
                #expect(try await frames.times(path).count == frames.times(source).count, "\(rendition.name)")
            }
            try await studio.becomesTidy()
            let all = presentation.video.map { ($0.name, $0.segmentDurations.count) }
            for (name, count) in all {
                guard let key = VideoFiles.rendition(id, name) else { continue }
                #expect(try await studio.keys(key).count == count + 1, "\(name)")
            }
        }
    }

    @Test("Segments that had their names before a crash are not made twice, and count once", arguments: [false, true])
    func recount(isStandard: Bool) async throws {
        let folder = NSTemporaryDirectoryPath.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let source = isStandard ? TestMedia.bikes : "\(folder)/short.mkv"
        let (id, before, tasks) = try await Studio.open(folder) { studio in
            if !isStandard {
                try await studio.ffmpeg(["-i", TestMedia.bikes, "-t", "6", "-c:v", "mpeg4", "-an", source])
            }
            let id = try await studio.add(source)
            try await studio.drained()
            let record = try await studio.database.read { try EncodingStore.record(id, in: $0) }
            let chunks = isStandard ? 0..<0 : try #require(record?.plan).chunkStarts.indices
            let before = try await studio.database.read { try EncodingStore.renditions(id, in: $0) }
            return (id, before.map(\.madeBytes), chunks)
        }
        try await Studio.open(folder, isWorking: false) { studio in
            // As a crash between the names and the row leaves it: the files are there, the row knows of nothing.
            try await studio.database.write { transaction in
                try transaction.execute(
                    """
                    UPDATE encoding_renditions SET made = NULL, made_count = 0, made_bytes = 0, made_microseconds = 0,
                    has_start = 0
                    """)
                try transaction.execute("UPDATE encodings SET state = 'planned', ready_at = NULL")
                if isStandard { try TaskQueue.add(.copy, of: id, priority: 20, in: transaction) }
                for chunk in tasks { try TaskQueue.add(.chunk, chunk: chunk, of: id, priority: 50, in: transaction) }
            }
        }
        try await Studio.open(folder) { studio in
            try await studio.drained()
            let renditions = try await studio.database.read { try EncodingStore.renditions(id, in: $0) }
            #expect(renditions.allSatisfy { $0.madeCount == $0.segmentCount })
            #expect(renditions.map(\.madeBytes) == before)
            #expect(studio.changes.all(of: id).last?.status == .ready)
        }
    }

    @Test("A segment counts once, however often it is told of")
    func counting() {
        var counted = CountedSegments(bytes: [])
        for number in [0, 7, 8, 1799] {
            let answers = [counted.insert(number), counted.insert(number)]
            #expect(answers == [true, false])
        }
        #expect(counted.bytes.count == 225)
        #expect(counted.bytes[0] == 0x81)
    }

    @Test("Sizes of keyframes are known when all are, and only those that can be")
    func keyframeSizes() {
        var sizes = KeyframeSizes()
        func segment(_ number: Int) -> MadeSegment {
            MadeSegment(rendition: "360p", number: number, byteCount: 1 << 20, duration: .seconds(4))
        }
        for (number, size) in [(2, 70_000), (0, 1), (1, nil), (1, 0), (1, -5), (1, 1 << 20 + 1)] as [(Int, Int?)] {
            sizes.insert(size, of: segment(number))
            #expect(sizes.sizes(count: 3) == nil)
        }
        sizes.insert(1 << 20, of: segment(1))
        #expect(sizes.sizes(count: 3) == [1, 1 << 20, 70_000] && sizes.sizes(count: 4) == nil)
        #expect(sizes.sizes(count: 0) == nil && KeyframeSizes().sizes(count: 1) == nil)
    }

    @Test("A removed video stops at once and leaves the queue")
    func removal() async throws {
        try await Studio.with { studio in
            let id = try await studio.add(TestMedia.surveillance)
            try await studio.ready(id)
            let (queue, workers, playback) = (studio.queue, studio.workers, studio.playback)
            try await studio.database.write { try queue.remove(id, in: $0) }
            try await studio.storage.blobs.removeTree(VideoFiles.folder(id))
            try await studio.drained()
            try await eventually("nothing runs for it") { workers.running.isEmpty }
            #expect(try await studio.storage.blobs.list(VideoFiles.folder(id)).isEmpty)
            #expect(try await playback.presentation(id) == nil)
            guard case .missing = try await playback.segment(id, rendition: "576p", number: 0) else {
                Issue.record("still served")
                return
            }
        }
    }

    @Test("What cannot be encoded fails with ffmpeg's own words, and can be tried again")
    func poison() async throws {
        var settings = EncodingSettings()
        settings.retryDelay = .milliseconds(5)
        settings.maxAttempts = 3
        try await Studio.with(settings) { studio in
            let facts = try await studio.inspect(path: TestMedia.surveillance)
            let id = EncodingID()
            let path = studio.path(of: VideoFiles.original(id))
            try FileManager.default.createDirectory(atPath: path.dropLastComponent, withIntermediateDirectories: true)
            try Data("nothing".utf8).write(to: URL(filePath: path))
            let queue = studio.queue
            try await studio.database.write { try queue.add(id, facts: facts, in: $0) }
            let failed = await studio.changes.first(of: id) { $0.status == .failed }
            #expect(failed.failure?.code == "encoding_failed")
            #expect(failed.failure?.detail.contains("Invalid data") == true, "\(failed.failure?.detail ?? "")")

            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.copyItem(atPath: TestMedia.surveillance, toPath: path)
            let isRetried = try await studio.database.write { try queue.retry(id, in: $0) }
            #expect(isRetried)
            _ = await studio.changes.first(of: id) { $0.status == .ready }
        }
    }
}
