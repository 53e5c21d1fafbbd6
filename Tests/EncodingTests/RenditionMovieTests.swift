import FoundationEssentials
import Media
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("A rendition as one file")
struct RenditionMovieTests {
    private func movie(_ studio: Studio, _ id: EncodingID, _ rendition: String) async throws -> RenditionMovie {
        guard case .movie(let movie) = try await studio.playback.movie(id, rendition: rendition) else {
            throw Studio.Failure(description: "no \(rendition)")
        }
        return movie
    }

    /// As a client gets it.
    private func file(_ studio: Studio, _ movie: RenditionMovie, _ name: String) async throws -> String {
        var bytes: [UInt8] = []
        try await movie.write({}, to: { bytes += $0 })
        let path = "\(studio.folder)/\(name).mp4"
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    private func streams(_ studio: Studio, _ path: String) async throws -> [String] {
        try await studio.tool(
            "/usr/bin/ffprobe", ["-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", path]
        ).split(separator: "\n").map(String.init)
    }

    @Test(
        "It has every frame and every sound of the rendition at its time, and plays without a word of complaint",
        arguments: [EncodingSettings.Encryption.aes128, .none])
    func whole(encryption: EncodingSettings.Encryption) async throws {
        var settings = EncodingSettings()
        settings.encryption = encryption
        try await Studio.with(settings) { studio in
            let id = try await studio.add(TestMedia.bunny)
            try await studio.complete(id)
            let presentation = try await studio.presentation(id)
            let (top, sound) = (try #require(presentation.video.first), try #require(presentation.audio.first))
            let movie = try await movie(studio, id, top.name)
            let path = try await file(studio, movie, "movie")
            #expect(movie.isVideo)
            #expect(try await streams(studio, path) == ["video"] + presentation.audio.map { _ in "audio" })
            let frames = Frames(studio: studio)
            let times = try await frames.times(path)
            let served = try await frames.times(studio.served(id, top.name))
            #expect(!times.isEmpty && times == served)
            #expect(try await frames.times(path, "a:0") == frames.times(studio.served(id, sound.name), "a:0"))
            let words = try await studio.tool(
                "/bin/sh", ["-c", "/usr/bin/ffmpeg -nostdin -v warning -xerror -i '\(path)' -f null - 2>&1"])
            #expect(words.isEmpty, "\(words)")
            let told = try await studio.tool(
                "/usr/bin/ffprobe", ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path])
            let duration = try #require(Double(told.split(separator: "\n").first ?? ""))
            #expect(abs(duration - presentation.duration.seconds) < 0.1)
        }
    }

    @Test("A sound is a file of its own, what is not there is none, and who may not go on gets the rest no more")
    func others() async throws {
        try await Studio.with { studio in
            let id = try await studio.add(TestMedia.bunny)
            try await studio.complete(id)
            let presentation = try await studio.presentation(id)
            let sound = try await movie(studio, id, try #require(presentation.audio.first?.name))
            #expect(!sound.isVideo)
            #expect(try await streams(studio, try await file(studio, sound, "sound")) == ["audio"])
            for (id, name) in [(id, "9p"), (EncodingID(), "360p")] {
                guard case .missing = try await studio.playback.movie(id, rendition: name) else {
                    Issue.record("\(name) is there")
                    continue
                }
            }
            let movie = try await movie(studio, id, try #require(presentation.video.first?.name))
            var (asked, pieces) = (0, 0)
            await #expect(throws: CancellationError.self) {
                try await movie.write(
                    {
                        asked += 1
                        if asked == 2 { throw CancellationError() }
                    }, to: { _ in pieces += 1 })
            }
            #expect(asked == 2 && pieces >= 1)
        }
    }
}
