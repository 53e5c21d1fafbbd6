import Media
import Reactor
import Storage

/// Puts what ffmpeg made of a film's subtitles onto the film's own clock.
struct MakeCaptions: ConfinedWork {
    /// By name: a file of WebVTT.
    var sources: [String: String]
    /// In milliseconds: where the film's 0 lies on their clock.
    var origin: Int64
    var folder: String

    /// Text of a film of a day takes less.
    private static let mostBytes = 16 << 20

    static func file(_ name: String, in folder: String) -> String { "\(folder)/\(name).vtt" }

    /// Answers the names of those that have something to show.
    func perform(_ answer: ([String]) throws -> Void) throws {
        var names: [String] = []
        for (name, path) in sources.sorted(by: { $0.key < $1.key }) {
            let file = try OpenFile(path: path)
            let bytes = try file.read(0..<min(file.byteCount, Self.mostBytes))
            let captions = WebVTT(parsing: String(decoding: bytes, as: UTF8.self)).earlier(by: origin)
            guard !captions.cues.isEmpty else { continue }
            try WorkFile.write(Array(captions.render().utf8), to: Self.file(name, in: folder))
            names.append(name)
        }
        try answer(names)
    }
}
