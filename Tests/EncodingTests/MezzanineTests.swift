import FoundationEssentials
import Media
import Testing

@testable import Encoding

/// Films of which only reading them as a whole tells what is in them.
@Suite("Films that are read once as a whole")
struct MezzanineTests {
    private static let patient: EncodingSettings = {
        var settings = EncodingSettings()
        settings.retryDelay = .milliseconds(5)
        return settings
    }()

    struct Cut: Sendable, CustomTestStringConvertible {
        var kind: String
        var file: String
        var options: [String]
        var testDescription: String { kind }
    }

    static let cuts = [
        Cut(kind: "a recorder that crashed, Matroska", file: "a.mkv", options: ["-c:v", "libx264", "-g", "25"]),
        Cut(
            kind: "a recorder that crashed, fragmented MP4", file: "a.mp4",
            options: ["-c:v", "libx264", "-g", "25", "-movflags", "frag_keyframe+empty_moov"]),
        Cut(
            kind: "a download that was cut, with its tables first", file: "a.mp4",
            options: ["-c:v", "libx264", "-g", "25", "-movflags", "faststart"]),
        Cut(kind: "a download that was cut, AVI", file: "a.avi", options: ["-c:v", "mpeg4", "-g", "25"]),
    ]

    @Test("A film without its end plays as far as it goes, and its owner is told", arguments: cuts)
    func truncated(cut: Cut) async throws {
        try await Studio.with(Self.patient) { studio in
            let path = "\(studio.folder)/\(cut.file)"
            try await studio.ffmpeg(
                ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=12", "-pix_fmt", "yuv420p"] + cut.options
                    + [path])
            let bytes = try Data(contentsOf: URL(filePath: path))
            try bytes.prefix(bytes.count * 6 / 10).write(to: URL(filePath: path))
            let frames = Frames(studio: studio)
            let shown = try await frames.count(ofBroken: path)
            try #require((100...250).contains(shown))
            let id = try await studio.add(path)
            try await studio.complete(id)
            let top = try #require(try await studio.presentation(id).video.first)
            let times = try await frames.times(studio.served(id, top.name))
            #expect(times.count == shown)
            let change = try #require(studio.changes.all(of: id).last)
            let told = try #require(change.warnings.first { $0.code == .truncated }?.detail.flatMap { Double($0) })
            #expect(abs(told - Double(shown) / 25) < 0.1)
            #expect(change.duration.map { abs($0 - told) < 0.1 } == true)
        }
    }

    @Test("Sound that goes on a little after the last picture is heard to its end")
    func rest() async throws {
        try await Studio.with(Studio.strict) { studio in
            let path = "\(studio.folder)/a.mkv"
            try await studio.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=1506/125:duration=7.1", "-f", "lavfi", "-i",
                "sine=duration=7.6", "-c:v", "mpeg4", "-c:a", "libvorbis", path,
            ])
            let id = try await studio.add(path)
            try await studio.complete(id)
            let samples = try await Frames(studio: studio).samples(studio.served(id, "audio"))
            let loud = samples.lastIndex { $0.magnitude > 1000 } ?? 0
            #expect(abs(Double(loud) / 48_000 - 7.6) < 0.03)
        }
    }

    @Test("One picture with a minute of sound is shown for a minute")
    func still() async throws {
        try await Studio.with(Self.patient) { studio in
            let path = "\(studio.folder)/a.mkv"
            try await studio.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=size=640x360:d=1", "-f", "lavfi", "-i", "sine=d=60", "-vf",
                "select=eq(n\\,0)",
                "-fps_mode", "vfr", "-c:v", "libx264", "-c:a", "aac", path,
            ])
            let id = try await studio.add(path)
            try await studio.complete(id)
            let presentation = try await studio.presentation(id)
            #expect(abs(presentation.duration.seconds - 60) < 0.6)
            let top = try #require(presentation.video.first)
            // Any segment has a picture, and costs next to nothing.
            #expect(top.segmentDurations.allSatisfy { $0 <= .seconds(6) })
            let served = try await studio.served(id, top.name)
            #expect(try await Frames(studio: studio).times(served).count >= 119)
            #expect(try Data(contentsOf: URL(filePath: served)).count < 300_000)
        }
    }

    @Test("The beginning is watchable while the rest is still read, and stays what it was")
    func growing() async throws {
        try await Studio.with(Self.patient) { studio in
            let path = "\(studio.folder)/a.avi"
            try await studio.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=24:duration=120", "-f", "lavfi", "-i",
                "sine=duration=120", "-c:v", "mpeg4", "-bf", "2", "-b:v", "1M", "-c:a", "ac3", path,
            ])
            let id = try await studio.add(path)
            try await studio.ready(id)
            let early = try await studio.presentation(id)
            #expect(early.isGrowing)
            let top = try #require(early.video.first)
            let first = try await studio.served(id, top.name, of: early)
            let before = try Data(contentsOf: URL(filePath: first))
            try await studio.drained()
            let late = try await studio.presentation(id)
            #expect(!late.isGrowing && abs(late.duration.seconds - 120) < 0.1)
            #expect(late.video.map(\.name) == ["360p", "240p"])
            #expect(late.video[0].segmentDurations.starts(with: top.segmentDurations))
            #expect(late.audio.count == 1 && early.audio.count == 1)
            #expect(late.audio[0].segmentDurations.starts(with: early.audio[0].segmentDurations))
            // Names, keys and bytes of what was watched stay.
            let second = try await studio.served(id, top.name, of: early)
            let after = try Data(contentsOf: URL(filePath: second))
            #expect(before == after)
            let changes = studio.changes.all(of: id).filter { $0.status == .ready }
            #expect(changes.first?.duration.map { $0 < 100 } == true)
            #expect(changes.allSatisfy { $0.status == .ready } && changes.last?.progress == 1)
            for name in late.video.map(\.name) + ["audio"] {
                try await studio.ffmpeg(["-xerror", "-i", studio.served(id, name), "-f", "null", "-"])
            }
            let count = try await Frames(studio: studio).times(studio.served(id, top.name)).count
            #expect(count == 2880)
        }
    }

    @Test("What was shown stays when the rest can never be read, and it has an end then")
    func endOfGrowth() async throws {
        try await Studio.with(isWorking: false) { studio in
            let id = EncodingID()
            let plan = try PlanLimitsTests.plan(PlanLimitsTests.good)
            let (queue, workshop) = (studio.queue, studio.workers.workshop)
            try await studio.database.write { transaction in
                try queue.add(id, facts: PlanLimitsTests.facts(), in: transaction)
                let first = try #require(try queue.tasks.claim(at: 0, in: transaction))
                try queue.ledger.fail(first, code: "corrupt_file", words: "no index", in: transaction)
                let task = try #require(try queue.tasks.claim(at: 0, in: transaction))
                #expect(task.kind == .mezzanine)
                var rows = workshop.renditions(of: plan.beginning(2), expected: [:])
                for position in rows.indices { rows[position].segmentCount += 1 }
                try EncodingStore.setPlan(plan.beginning(2), of: id, in: transaction)
                try EncodingStore.setRenditions(rows, of: id, in: transaction)
                try EncodingStore.setReady(id, at: 0, in: transaction)
                try queue.ledger.fail(task, code: "encoding_failed", words: "the disk", in: transaction)
            }
            let presentation = try await studio.presentation(id)
            #expect(!presentation.isGrowing && presentation.video.first?.segmentDurations.count == 2)
            let change = try #require(studio.changes.all(of: id).last)
            #expect(change.status == .ready)
            #expect(change.warnings.map(\.code) == [.truncated])
        }
    }

    struct Bare: Sendable, CustomTestStringConvertible {
        var file: String
        var options: [String]
        var size = "320x240"
        var testDescription: String { "\(file), \(size)" }
    }

    static let bare = [
        Bare(file: "a.gif", options: []),
        Bare(file: "a.apng", options: []),
        Bare(file: "a.h264", options: ["-c:v", "libx264", "-bf", "2"]),
        Bare(file: "a.m2v", options: ["-c:v", "mpeg2video", "-bf", "2"]),
        Bare(file: "a.mkv", options: ["-c:v", "ffv1"], size: "8x8"),
    ]

    @Test("Animations, bare streams and tiny pictures are films too", arguments: bare)
    func bareStreams(film: Bare) async throws {
        try await Studio.with(Self.patient) { studio in
            let path = "\(studio.folder)/\(film.file)"
            try await studio.ffmpeg(
                ["-f", "lavfi", "-i", "testsrc2=size=\(film.size):rate=10:duration=4"] + film.options + [path])
            let frames = Frames(studio: studio)
            let count = try await frames.count(ofBroken: path)
            try #require(count >= 38)
            let id = try await studio.add(path)
            try await studio.complete(id)
            let top = try #require(try await studio.presentation(id).video.first)
            let times = try await frames.times(studio.served(id, top.name))
            #expect(times.count == count)
            #expect(times.last.map { abs($0 - 3_900_000) < 150_000 } == true)
        }
    }

    @Test("A film of which only the beginning can be decoded plays as far as it goes")
    func undecodable() async throws {
        try await Studio.with(Self.patient) { studio in
            let path = "\(studio.folder)/a.ivf"
            try await studio.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=6", "-c:v", "libvpx-vp9", "-deadline",
                "realtime", "-cpu-used", "8", path,
            ])
            // A head of 32 bytes; then each frame with its size and its time before it.
            var bytes = try [UInt8](contentsOf: path)
            var (place, number) = (32, 0)
            while place + 12 <= bytes.count {
                let size = bytes[place..<place + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
                if number >= 30 { for byte in place + 12..<place + 12 + size { bytes[byte] = 0xFF } }
                place += 12 + size
                number += 1
            }
            try Data(bytes).write(to: URL(filePath: path))
            let id = try await studio.add(path)
            try await studio.complete(id)
            let top = try #require(try await studio.presentation(id).video.first)
            #expect(try await Frames(studio: studio).times(studio.served(id, top.name)).count == 30)
        }
    }

    @Test("What is shown while it is read has other names than what was made by a plan that did not hold")
    func namesAfterAnotherPlan() async throws {
        try await Studio.with(Self.patient) { studio in
            // The times that MXF tells of reordered frames are not those that the decoder shows.
            let path = "\(studio.folder)/film.mxf"
            try await studio.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=size=192x108:rate=25:duration=60", "-c:v", "libx264", "-bf", "2", "-g",
                "25", "-pix_fmt", "yuv422p10le", path,
            ])
            let id = try await studio.add(path)
            try await studio.complete(id)
            let presentation = try await studio.presentation(id)
            let top = try #require(presentation.video.first)
            try #require(top.name == "108p-2")
            // An init segment of before would tell another timescale.
            let times = try await Frames(studio: studio).times(studio.served(id, top.name))
            #expect(times.count == 1500 && times.last.map { abs($0 - 59_960_000) < 200_000 } == true)
            #expect(abs(presentation.duration.seconds - 60) < 0.2)
        }
    }

    @Test("Names of rounds")
    func rounds() throws {
        let plan = try PlanLimitsTests.plan(PlanLimitsTests.good)
        #expect(plan.round == 1 && plan.named(inRound: 1) == plan)
        let third = plan.named(inRound: 2).named(inRound: 3)
        #expect(third.steps.map(\.name) == plan.steps.map { $0.name + "-3" } && third.round == 3)
        #expect(third.audio.map(\.name) == ["audio-3"] && third.named(inRound: 1) == plan)
    }
}
