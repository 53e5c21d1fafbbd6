import FoundationEssentials
import Media
import Reactor
import SQL
import Storage
import Synchronization
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("Pictures that are made when they are asked for")
struct PicturesTests {
    /// Three seconds of red, three of blue and at last a few pictures of green.
    private func film(in studio: Studio) async throws -> EncodingID {
        let path = "\(studio.folder)/colours.mp4"
        let colours = [("red", "3"), ("blue", "3"), ("lime", "0.2")]
        let inputs = colours.flatMap { ["-f", "lavfi", "-i", "color=\($0.0):s=640x360:r=25:d=\($0.1)"] }
        try await studio.ffmpeg(
            inputs + ["-filter_complex", "concat=n=3", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "50", path])
        let id = try await studio.add(path)
        try await studio.complete(id)
        try await studio.drained()
        return id
    }

    private func bytes(_ answer: PictureAnswer) throws -> [UInt8] {
        guard case .picture(let content) = answer else { throw Studio.Failure(description: "\(answer)") }
        return try content.file.read(0..<content.file.byteCount)
    }

    /// The letter of the colour that is strongest in a picture, and its width and height.
    private func look(_ picture: [UInt8], in studio: Studio) async throws -> String {
        let path = "\(studio.folder)/\(UInt64.random(in: 0 ... .max)).jpg"
        try Data(picture).write(to: URL(filePath: path))
        let size = try await studio.tool(
            "/usr/bin/ffprobe", ["-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0:s=x", path])
        try await studio.ffmpeg(["-i", path, "-vf", "scale=1:1", "-f", "rawvideo", "-pix_fmt", "rgb24", "\(path).rgb"])
        let colour = try Array(Data(contentsOf: URL(filePath: "\(path).rgb")))
        let letter = zip(colour, ["R", "G", "B"]).max { $0.0 < $1.0 }?.1 ?? ""
        return "\(letter) \(size.prefix { !$0.isNewline })"
    }

    @Test(
        "It is what is seen at the moment, behind the end the last picture, in the next width and no larger than the film",
        arguments: [
            (0, 160, "R 160x90"), (2.98, 161, "R 320x180"), (3.02, 320, "B 320x180"), (5.9, 16, "B 160x90"),
            (6.1, nil, "G 640x360"), (1_000_000, 1920, "G 640x360"),
        ] as [(Double, Int?, String)])
    func moment(seconds: Double, width: Int?, wanted: String) async throws {
        try await Studio.with { studio in
            let id = try await film(in: studio)
            #expect(try await studio.playback.key(id, rendition: "360p") != nil, "it is encrypted")
            let answer = try await studio.pictures().frame(of: id, at: seconds, width: width, for: 0) {}
            #expect(try await look(try bytes(answer), in: studio) == wanted)
            try await studio.becomesTidy()
        }
    }

    @Test("One picture is made for all who ask at once, kept for those who ask later, and gone with the video")
    func once() async throws {
        try await Studio.with { studio in
            let id = try await film(in: studio)
            let pictures = studio.pictures()
            let made = Mutex(0)
            let count: @Sendable () async throws -> Void = { made.withLock { $0 += 1 } }
            let versions = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        let answer = try await pictures.frame(of: id, at: 1, width: 320, for: 0, count)
                        guard case .picture(let content) = answer else { return "\(answer)" }
                        return content.version
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(versions.count == 1)
            let first = made.withLock { $0 }
            #expect(first <= 6)
            // Another server, which has made none.
            _ = try bytes(try await studio.pictures().frame(of: id, at: 1, width: 300, for: 0, count))
            #expect(made.withLock { $0 } == first, "it was kept")
            let rows = try await studio.database.read {
                try $0.query("SELECT name FROM encoding_pictures WHERE video_id = $1", id).map {
                    try $0.value("name", as: String.self)
                }
            }
            #expect(rows == ["frame-1000-320.jpg"])
            try await studio.database.write { [queue = studio.queue] in try queue.remove(id, in: $0) }
            let left = try await studio.database.read {
                try $0.first("SELECT COUNT(*) AS n FROM encoding_pictures")?.value("n", as: Int.self)
            }
            #expect(left == 0)
            // Of a video that is not there nothing is made.
            guard case .missing = try await pictures.frame(of: id, at: 2, width: 320, for: 0, count) else {
                Issue.record("a picture of nothing")
                return
            }
        }
    }

    @Test("The oldest make room: for one video by number, for all by bytes")
    func room() async throws {
        try await Studio.with { studio in
            let id = try await film(in: studio)
            var limits = PictureLimits()
            limits.countPerVideo = 3
            let few = studio.pictures(limits)
            for time in 0..<5 { _ = try bytes(try await few.frame(of: id, at: Double(time), width: 160, for: 0) {}) }
            let kept = ["frame-2000-160.jpg", "frame-3000-160.jpg", "frame-4000-160.jpg"]
            #expect(try await names(id, in: studio) == kept)
            // So little that only the last one stays.
            limits.byteCount = 1
            _ = try bytes(try await studio.pictures(limits).frame(of: id, at: 5, width: 160, for: 0) {})
            #expect(try await names(id, in: studio) == ["frame-5000-160.jpg"])
        }
    }

    private func names(_ id: EncodingID, in studio: Studio) async throws -> [String] {
        let blobs = try await studio.storage.blobs.names(in: VideoFiles.folder(id)).filter { $0.hasPrefix("frame-") }
        let rows = try await studio.database.read {
            try $0.query("SELECT name FROM encoding_pictures ORDER BY name").map {
                try $0.value("name", as: String.self)
            }
        }
        #expect(blobs.sorted() == rows, "rows and blobs are the same")
        return rows
    }

    @Test("More than are bearable are told to come again, and a refusal makes nothing")
    func busy() async throws {
        try await Studio.with { studio in
            let id = try await film(in: studio)
            var limits = PictureLimits()
            limits.waiting = 0
            guard case .unavailable = try await studio.pictures(limits).frame(of: id, at: 1, width: 160, for: 0, {})
            else {
                Issue.record("no end of work")
                return
            }
            await #expect(throws: CancellationError.self) {
                _ = try await studio.pictures().frame(of: id, at: 1, width: 160, for: 0) { throw CancellationError() }
            }
            #expect(try await names(id, in: studio).isEmpty)
        }
    }

    @Test("The thumbnail comes smaller, and a frame of the film is kept under a key of its own")
    func covers() async throws {
        try await Studio.with { studio in
            let (id, pictures) = (try await film(in: studio), studio.pictures())
            let small = try bytes(try await pictures.smaller(nil, of: id, width: 200) {})
            #expect(try await look(small, in: studio).hasSuffix(" 320x180"))
            let key = VideoFiles.folder(id).appending("poster-1.jpg")
            #expect(
                try await look(try bytes(try await pictures.keepFrame(of: id, at: 4, as: key)), in: studio)
                    == "B 640x360")
            let other = try bytes(try await pictures.smaller(key, of: id, width: 100) {})
            #expect(try await look(other, in: studio) == "B 160x90")
        }
    }

    /// What a camera writes that was held upright: two halves, turned by a quarter, and who made it.
    private static func turned(_ jpeg: [UInt8]) -> [UInt8] {
        let entries: [UInt8] =
            [0, 2] + [1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0] + [1, 0x0F, 0, 2, 0, 0, 0, 4] + Array("ABC\0".utf8)
        let exif = Array("Exif\0\0MM\0*\0\0\0".utf8) + [8] + entries + [0, 0, 0, 0]
        return jpeg.prefix(2) + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + jpeg.dropFirst(2)
    }

    @Test("A picture that is given stands upright, is no larger than a cover, and keeps nothing but what is seen")
    func given() async throws {
        try await Studio.with(isWorking: false) { studio in
            let (pictures, id) = (studio.pictures(), EncodingID())
            let key = VideoFiles.folder(id).appending("poster-1.jpg")
            func keep(_ name: String, _ source: String, _ change: ([UInt8]) -> [UInt8] = { $0 }) async throws -> String
            {
                let path = "\(studio.folder)/\(name)"
                try await studio.ffmpeg(["-f", "lavfi", "-i", source, "-frames:v", "1", path])
                let given = change(try Array(Data(contentsOf: URL(filePath: path))))
                try await pictures.keepPicture(given, as: key)
                return try await look(try await studio.storage.blobs.read(key), in: studio)
            }
            #expect(try await keep("a.jpg", "color=red:s=400x100", Self.turned) == "R 100x400")
            let kept = try await studio.storage.blobs.read(key)
            #expect(!String(decoding: kept, as: UTF8.self).contains("Exif"))
            #expect(try await keep("a.png", "color=blue:s=2560x1440") == "B 1280x720")
            #expect(try await keep("a.webp", "color=lime:s=300x200") == "G 300x200")
            try await studio.becomesTidy()
        }
    }

    @Test("What is no picture, is damaged or too large is refused with its reason, and nothing is kept")
    func refused() async throws {
        try await Studio.with(isWorking: false) { studio in
            let (pictures, key) = (studio.pictures(), VideoFiles.folder(EncodingID()).appending("poster-1.jpg"))
            let path = "\(studio.folder)/large.png"
            try await studio.ffmpeg(["-f", "lavfi", "-i", "color=red:s=8000x6400", "-frames:v", "1", path])
            let large = try Array(Data(contentsOf: URL(filePath: path)))
            let text = Array("#EXTM3U\nfile:///etc/passwd\n".utf8)
            for (given, reason) in [
                (text, PictureRefusal.noPicture), ([], .noPicture), ([0xFF, 0xD8, 0xFF] + text, .unreadable),
                (large, .tooManyPixels),
            ] {
                await #expect(throws: reason) { try await pictures.keepPicture(given, as: key) }
            }
            #expect(try await studio.storage.blobs.exists(key) == false)
            try await studio.becomesTidy()
        }
    }

    @Test("What was made of a film that is removed meanwhile goes, and a cover that was chosen stays")
    func coverStays() async throws {
        try await Studio.with(isWorking: false) { studio in
            let (id, blobs) = (EncodingID(), studio.storage.blobs)
            let folder = VideoFiles.folder(id)
            for name in ["poster-0123456789ab.jpg", "frame-1000-640.jpg", "thumbnail.jpg"] {
                try await blobs.write(folder.appending(name: name) ?? folder, [1])
            }
            try await blobs.write(VideoFiles.segment(id, "720p", 0) ?? folder, [1])
            try await VideoFiles.removeMade(of: id, in: blobs)
            #expect(try await blobs.names(in: folder) == ["poster-0123456789ab.jpg"])
        }
    }
}
