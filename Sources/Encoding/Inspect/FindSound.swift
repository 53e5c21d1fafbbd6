import Media
import Reactor

/// Finds MPEG audio behind something else, in a file that no demuxer knows: some players tell it by its name alone.
struct FindSound: ConfinedWork {
    struct Answer: Codable, Sendable {
        /// In bytes.
        var start: Int?
    }

    var path: String

    private static let searchedBytes = 1 << 20

    func perform(_ answer: (Answer) throws -> Void) throws {
        let file = try OpenFile(path: path)
        let bytes = try file.read(0..<min(file.byteCount, Self.searchedBytes))
        try answer(Answer(start: MPEGAudioFrames.start(in: bytes)))
    }
}
