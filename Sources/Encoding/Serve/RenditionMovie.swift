import Cryptography
import Media
import Storage

/// A rendition with its sounds as one MP4 file: its segments in the clear, one after the other. Nothing is encoded, and in memory is no more
/// than a piece of a segment.
public struct RenditionMovie: Sendable {
    struct Track: Sendable {
        var name: String
        var key: [UInt8]?
        var durations: [MediaTime]
    }

    /// Of what stands before the samples of a segment.
    private static let mostHeadBytes = 8 << 20

    let id: EncodingID
    let tracks: [Track]
    let blobs: any BlobStore
    /// What is in it.
    public let isVideo: Bool

    /// - Parameters:
    ///   - mayGoOn: asked before each segment; what it throws ends the file.
    ///   - take: gets the file, piece by piece.
    public func write(_ mayGoOn: () async throws -> Void, to take: ([UInt8]) async throws -> Void) async throws {
        var heads: [[UInt8]] = []
        for track in tracks {
            guard let key = VideoFiles.initSegment(id, track.name) else { throw MovieError.noMovie }
            heads.append(try await blobs.read(key))
        }
        try await take(JoinedTracks.initSegment(heads))
        var joined = JoinedTracks()
        for place in order {
            try await mayGoOn()
            try await write(place, &joined, to: take)
        }
    }

    private struct Place {
        var start: MediaTime
        var track: Int
        var number: Int
    }

    /// All segments by their starts, the picture before the sound.
    private var order: [Place] {
        var places: [Place] = []
        for (index, track) in tracks.enumerated() {
            var start = MediaTime.zero
            for (number, duration) in track.durations.enumerated() {
                places.append(Place(start: start, track: index, number: number))
                start = start + duration
            }
        }
        return places.sorted { ($0.start, $0.track, $0.number) < ($1.start, $1.track, $1.number) }
    }

    private func write(
        _ place: Place, _ joined: inout JoinedTracks, to take: ([UInt8]) async throws -> Void
    ) async throws {
        let track = tracks[place.track]
        guard let blob = VideoFiles.segment(id, track.name, place.number) else { throw MovieError.noMovie }
        guard let byteCount = try await blobs.size(of: blob) else { throw StorageError.missing(blob) }
        let iv = SegmentCipher.initializationVector(of: place.number)
        let cipher = try track.key.map { try AES128CBCStream(.decrypt, key: $0, iv: iv) }
        // Until all of it is here.
        var head: [UInt8]? = []
        func pass(_ piece: [UInt8]) async throws {
            guard let known = head else {
                if !piece.isEmpty { try await take(piece) }
                return
            }
            let bytes = known + piece
            head = bytes
            guard bytes.count >= 8 else { return }
            let size = bytes[..<4].reduce(0) { $0 << 8 | Int($1) }
            guard size <= Self.mostHeadBytes else { throw MovieError.limitExceeded(.fragmentBytes) }
            guard bytes.count >= size else { return }
            head = nil
            try await take(joined.head(Array(bytes[..<size]), ofTrack: place.track) + bytes[size...])
        }
        try await blobs.read(blob, 0..<byteCount) { piece in try await pass(cipher?.update(piece) ?? piece) }
        if let cipher { try await pass(cipher.finish()) }
        guard head == nil else { throw MovieError.truncated }
    }
}

/// What a request for a rendition as a file gets.
public enum MovieAnswer: Sendable {
    case movie(RenditionMovie)
    /// Not all of it is made.
    case unavailable(retryAfter: Duration)
    case missing
    /// Other segments, with an init segment of their own, stand in for some of it: that is no single file.
    case mended
}

extension EncodingPlayback {
    /// A rendition of pictures with all sounds, or one of sound alone.
    public func movie(_ id: EncodingID, rendition: String) async throws -> MovieAnswer {
        guard let (presentation, keys, blobs) = try await whole(id), let track = presentation[rendition] else {
            return .missing
        }
        let tracks = [track] + (track.isVideo ? presentation.audio : [])
        guard tracks.allSatisfy(\.mended.isEmpty) else { return .mended }
        guard !presentation.isGrowing, tracks.allSatisfy(\.isComplete) else {
            return .unavailable(retryAfter: .seconds(10))
        }
        let parts = tracks.map {
            RenditionMovie.Track(name: $0.name, key: keys[$0.name], durations: $0.segmentDurations)
        }
        return .movie(RenditionMovie(id: id, tracks: parts, blobs: blobs, isVideo: track.isVideo))
    }
}
