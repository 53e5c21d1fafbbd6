import Bus
import HTTP
import Media
import Reactor
import SQL
import Storage
import Web

/// Which picture of a video is asked for.
struct PictureWish: Sendable, Equatable {
    static let mostSeconds = 1_000_000.0
    static let mostWidth = 1920
    static let leastWidth = 16

    /// In seconds; nil for the cover.
    var time: Double?
    /// In pixels; nil for as it is.
    var width: Int?

    /// - Throws: `VideoDetails.Invalid` naming each parameter that cannot be read.
    init(parameter: (String) -> String?) throws {
        var check = FieldCheck()
        if let text = parameter("time"), !text.isEmpty {
            time = Self.seconds(text)
            if time == nil { check.refuse("time", "invalid_time", "Seconds from the start of the film, such as 12.5.") }
        }
        if let text = parameter("width"), !text.isEmpty {
            width = Int(text).flatMap { (Self.leastWidth...Self.mostWidth).contains($0) ? $0 : nil }
            if width == nil {
                check.refuse(
                    "width", "invalid_width", "A number of pixels from \(Self.leastWidth) to \(Self.mostWidth).")
            }
        }
        try check.finish()
    }

    private static func seconds(_ text: String) -> Double? {
        guard let value = Double(text), value.isFinite, (0...mostSeconds).contains(value) else { return nil }
        return value
    }
}

/// The cover of a video, and what is seen in it at any time, in any width.
struct FindPicture: Sendable {
    let database: Database
    let storage: StorageServices
    let encoding: VideoEncoding
    let turns: PictureTurns
    private let store = VideoStore()

    /// The picture that stands for a video: the one that was chosen, else the automatic one.
    func cover(of id: VideoID, _ version: VersionID) async throws -> BlobContent? {
        if let key = try await chosen(for: id)?.poster?.key(of: id), let content = try await storage.blobs.open(key) {
            return content
        }
        return try await encoding.picture(version, .thumbnail)
    }

    /// - Parameter viewer: of `PlaybackPass`.
    func callAsFunction(
        _ wish: PictureWish, of id: VideoID, _ version: VersionID, for viewer: UInt64
    ) async throws -> BlobContent {
        let mayMake: VideoPictures.MayMake = {
            do { try await turns.take(viewer) } catch let error as TooManyAttempts {
                throw VideoError.tooManyPictures(error)
            }
        }
        guard let video = try await chosen(for: id) else { throw VideoError.notFound }
        if let time = wish.time, video.kind == .video {
            return try Self.content(try await encoding.pictures.frame(version, time, wish.width, viewer, mayMake))
        }
        guard let width = wish.width else {
            guard let cover = try await cover(of: id, version) else { throw VideoError.partMissing }
            return cover
        }
        if let key = video.poster?.key(of: id),
            case .file(let content) = try await encoding.pictures.smaller(version, key, width, mayMake)
        {
            return content
        }
        // Where the chosen one is lost, too.
        return try Self.content(try await encoding.pictures.smaller(version, nil, width, mayMake))
    }

    private func chosen(for id: VideoID) async throws -> (kind: MediaKind, poster: Video.Poster?)? {
        try await database.read { try store.cover(of: id, in: $0) }
    }

    private static func content(_ picture: VideoPicture) throws(VideoError) -> BlobContent {
        switch picture {
        case .file(let content): return content
        case .unavailable(let seconds): throw .pictureUnavailable(retryAfter: seconds)
        case .missing: throw .partMissing
        case .failed: throw .partFailed
        }
    }
}

/// Counts pictures that had to be made, by those for whom they are. What is there already is not counted.
struct PictureTurns: Sendable {
    static let limit = 60
    static let interval = Duration.seconds(1)

    private let buckets: SharedBuckets<UInt64>

    init(redis: RedisLimits?, clock: @escaping @Sendable () -> MonotonicTime) {
        buckets = SharedBuckets(
            "pictures", burst: Self.limit, interval: Self.interval, redis: redis, clock: clock)
    }

    /// - Throws: `TooManyAttempts`.
    func take(_ viewer: UInt64) async throws { try await buckets.take(viewer) }
}
