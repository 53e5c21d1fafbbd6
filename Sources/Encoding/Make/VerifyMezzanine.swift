import Media
import Reactor

/// Compares each picture of a mezzanine with what the encoder gave.
struct VerifyMezzanine: ConfinedWork {
    var path: String

    /// Answers how many pictures there are.
    func perform(_ answer: (Int) throws -> Void) throws {
        let file = try OpenFile(path: path)
        let movie = try MovieReader.movie(byteCount: file.byteCount, read: file.read)
        guard !movie.isTruncated, let track = movie.videoTracks.first else {
            throw VerificationFailure(description: "the mezzanine is no whole movie")
        }
        let checksums = try PacketChecksums(movie: path)
        guard checksums.count == track.samples.count else {
            throw VerificationFailure(
                description: "the mezzanine has \(track.samples.count) pictures, not \(checksums.count)")
        }
        for sample in track.samples {
            guard try checksums.matches(file.read(sample.byteRange), at: sample.index) else {
                throw VerificationFailure(description: "the mezzanine was changed after it was encoded")
            }
        }
        try answer(checksums.count)
    }
}
