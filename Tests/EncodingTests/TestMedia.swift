import Encoding
import FoundationEssentials
import Reactor
import Synchronization

/// Files to encode: real ones that the set-up fetched, and variants that ffmpeg makes once per run.
enum TestMedia {
    static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["PALCO_TEST_MEDIA"], !folder.isEmpty { return folder }
        var path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        path = "/" + path + "/.build/test-media"
        return path
    }()

    static var bunny: String { "\(folder)/bigbuckbunny.mp4" }
    static var bikes: String { "\(folder)/bikes.mp4" }
    static var phone: String { "\(folder)/movie-hello.mp4" }
    static var surveillance: String { "\(folder)/vtest.avi" }

    /// A moving picture with a steady tone, by ffmpeg's own generators; everything else as the arguments say.
    static func film(
        _ name: String, in studio: Studio, size: String = "320x180", rate: String = "25", seconds: Double = 6,
        sound: Bool = true, _ arguments: [String]
    ) async throws -> String {
        var inputs = ["-f", "lavfi", "-i", "testsrc2=size=\(size):rate=\(rate):duration=\(seconds)"]
        if sound { inputs += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=\(seconds)"] }
        let path = "\(studio.folder)/\(name)"
        try await studio.ffmpeg(inputs + arguments + [path])
        return path
    }
}
