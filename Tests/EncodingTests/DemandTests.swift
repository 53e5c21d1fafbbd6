import FoundationEssentials
import Media
import Reactor
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("Watching while it encodes")
struct DemandTests {
    @Test("A video is ready with its first chunk, and any other segment is made when it is asked for")
    func seeking() async throws {
        var settings = EncodingSettings()
        // Other tests keep this machine busy.
        settings.segmentPatience = .seconds(60)
        try await Studio.with(settings) { studio in
            let id = try await studio.add(TestMedia.surveillance)
            try await studio.ready(id)
            let presentation = try await studio.presentation(id)
            #expect(presentation.video.map(\.name) == ["576p", "480p", "360p", "240p"])
            let count = presentation.video[0].segmentDurations.count
            #expect(count > 15)
            // The end of the video, in the best rendition: nobody would make it soon.
            let answer = try await studio.playback.segment(id, rendition: "576p", number: count - 1)
            guard case .file = answer else {
                Issue.record("\(answer)")
                return
            }
            let progress = studio.changes.all(of: id).map(\.progress).max() ?? 1
            #expect(progress < 0.9, "the rest is still being made")
            guard case .file = try await studio.playback.initSegment(id, rendition: "576p") else {
                Issue.record("no init segment")
                return
            }
        }
    }

    @Test("A segment is made at once also when its chunk is in other hands, and is not replaced by theirs")
    func heldChunk() async throws {
        var settings = EncodingSettings()
        settings.segmentPatience = .seconds(60)
        let folder = NSTemporaryDirectoryPath.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let id = try await Studio.open(folder, settings) { studio in
            let id = try await studio.add(TestMedia.surveillance)
            try await studio.ready(id)
            return id
        }
        try await Studio.open(folder, settings, isWorking: false) { studio in
            let other = TaskQueue(owner: "another/1")
            // Their leases outlast every patience here.
            let now = studio.now + 600_000_000
            let held = try await studio.database.write { transaction in
                var count = 0
                while try other.claim(at: now, in: transaction) != nil { count += 1 }
                return count
            }
            #expect(held > 3)
        }
        try await Studio.open(folder, settings) { studio in
            let last = try await studio.presentation(id).video[0].segmentDurations.count - 1
            let answer = try await studio.playback.segment(id, rendition: "576p", number: last - 1)
            let bytes = try studio.whole(answer)
            // The one after it came along.
            let next = try #require(VideoFiles.segment(id, "576p", last))
            #expect(try await studio.storage.blobs.exists(next))
            let progress = studio.changes.all(of: id).map(\.progress).max() ?? 1
            #expect(progress < 0.9, "the others hold the rest")

            _ = try await studio.database.write { try TaskQueue.releaseAll(of: ["another/1"], in: $0) }
            studio.queue.signals.bell.ring()
            try await studio.drained()
            let renditions = try await studio.database.read { try EncodingStore.renditions(id, in: $0) }
            #expect(renditions.allSatisfy { $0.madeCount == $0.segmentCount })
            #expect(try studio.whole(await studio.playback.segment(id, rendition: "576p", number: last - 1)) == bytes)
            try await studio.becomesTidy()
        }
    }

    @Test("What cannot be made for a viewer is tried a few times only")
    func hopeless() async throws {
        var settings = EncodingSettings()
        settings.segmentPatience = .seconds(120)
        try await Studio.with(settings) { studio in
            let id = try await studio.add(TestMedia.surveillance)
            try await studio.ready(id)
            let other = TaskQueue(owner: "another/1")
            // Their leases outlast every patience here.
            let now = studio.now + 600_000_000
            try await studio.database.write { transaction in
                while try other.claim(at: now, in: transaction) != nil {}
            }
            let path = studio.path(of: VideoFiles.original(id))
            try Data("nothing".utf8).write(to: URL(filePath: path))
            let demands = studio.queue.demands
            func failures(_ number: Int) -> Int {
                demands.all.first { $0.segment == number }.map { demands.failures(of: $0) } ?? 0
            }
            let first = Task { try await studio.playback.segment(id, rendition: "576p", number: 15, for: 1) }
            try await eventually("the first was tried three times") { failures(15) >= 3 }
            // Viewers are served in turn: if the first were not given up, it would be tried between the tries of this one.
            let second = Task { try await studio.playback.segment(id, rendition: "576p", number: 14, for: 2) }
            try await eventually("the second was tried three times") { failures(14) >= 3 }
            #expect(failures(15) == 3)
            for answer in [first, second] {
                answer.cancel()
                await #expect(throws: CancellationError.self) { try await answer.value }
            }
            #expect(demands.all.isEmpty)
        }
    }

    @Test("A request waits no longer than its patience, and says when to come back")
    func patience() async throws {
        var settings = EncodingSettings()
        settings.segmentPatience = .milliseconds(50)
        let folder = NSTemporaryDirectoryPath.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let id = try await Studio.open(folder, settings) { studio in
            let id = try await studio.add(TestMedia.surveillance)
            try await studio.ready(id)
            return id
        }
        // Nobody works now.
        try await Studio.open(folder, settings, isWorking: false) { studio in
            let answer = try await studio.playback.segment(id, rendition: "576p", number: 15)
            guard case .unavailable(let delay) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(delay > .zero)
        }
    }

    @Test("What does not exist is missing, not waited for")
    func missing() async throws {
        try await Studio.with { studio in
            let id = try await studio.add(TestMedia.bikes)
            try await studio.ready(id)
            let playback = studio.playback
            let answers = [
                try await playback.segment(id, rendition: "999p", number: 0),
                try await playback.segment(id, rendition: "272p", number: 1000),
                try await playback.segment(id, rendition: "272p", number: -1),
                try await playback.segment(id, rendition: "../../etc", number: 0),
                try await playback.segment(EncodingID(), rendition: "272p", number: 0),
                try await playback.initSegment(id, rendition: "audio"),
            ]
            for answer in answers {
                guard case .missing = answer else {
                    Issue.record("\(answer)")
                    continue
                }
            }
        }
    }

    @Test("Bandwidth is what the segments measure")
    func bandwidth() async throws {
        try await Studio.with { studio in
            let id = try await studio.add(TestMedia.phone)
            try await studio.complete(id)
            let presentation = try await studio.presentation(id)
            for rendition in presentation.video + presentation.audio {
                var bytes = 0
                for number in rendition.segmentDurations.indices {
                    let answer = try await studio.playback.segment(id, rendition: rendition.name, number: number)
                    bytes += try studio.whole(answer).count
                }
                let seconds = rendition.segmentDurations.reduce(MediaTime.zero, +).seconds
                let average = Double(bytes * 8) / seconds
                #expect(abs(Double(rendition.bandwidth.average) - average) < average * 0.01, "\(rendition.name)")
                #expect(rendition.bandwidth.peak >= rendition.bandwidth.average)
            }
        }
    }

    @Test("Codec strings are what the init segments hold")
    func codecs() async throws {
        try await Studio.with { studio in
            let id = try await studio.add(TestMedia.bunny)
            try await studio.complete(id)
            for rendition in try await studio.presentation(id).video {
                let bytes = try await studio.whole(studio.playback.initSegment(id, rendition: rendition.name))
                let movie = try MovieReader.movie(byteCount: bytes.count) { Array(bytes[$0]) }
                #expect(movie.videoTracks.first?.video?.codecString == rendition.codecs, "\(rendition.name)")
            }
        }
    }

    @Test("Without encryption segments are in the clear and there are no keys")
    func clear() async throws {
        var settings = EncodingSettings()
        settings.encryption = .none
        try await Studio.with(settings) { studio in
            let id = try await studio.add(TestMedia.bikes)
            try await studio.ready(id)
            #expect(try await studio.playback.key(id, rendition: "272p") == nil)
            let bytes = try await studio.whole(studio.playback.segment(id, rendition: "272p", number: 0))
            #expect(bytes[4..<8].elementsEqual("moof".utf8))
        }
    }

    @Test("The thumbnail and the seek bar's pictures are made")
    func pictures() async throws {
        try await Studio.with { studio in
            let id = try await studio.add(TestMedia.bikes)
            try await studio.ready(id)
            try await studio.drained()
            for kind in [PictureKind.thumbnail, .storyboard] {
                let bytes = try await studio.playback.picture(id, kind)?.file.read(0..<2)
                #expect(bytes == [0xFF, 0xD8], "\(kind)")
            }
            let board = Workshop.storyboard(try #require(try await studio.plan(id)))
            let size = try await studio.tool(
                "/usr/bin/ffprobe",
                [
                    "-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0",
                    studio.path(of: VideoFiles.picture(id, .storyboard)),
                ])
            #expect(size.hasPrefix("\(board.columns * board.tileWidth),\(board.rows * board.tileHeight)"))
            let cues = try await studio.playback.picture(id, .storyboardCues)
            #expect(try cues?.file.read(0..<6) == Array("WEBVTT".utf8))
        }
    }
}
