import Accounts
import FoundationEssentials
import Media
import Reactor
import SQL
import Storage
import Synchronization

@testable import Videos

/// Stands in for the encoder, whose own tests run the real one: it judges content by its first letters and serves one
/// file for everything.
final class PlayedEncoder: Sendable {
    struct State {
        var enqueued: [VideoID] = []
        var removed: [VideoID] = []
        var paused: Set<VideoID> = []
        var inspections = 0
        var failure: (any Error)?
        var enqueueFailure: (any Error)?
        var presentation = PlayedEncoder.film
        var elsewhere: String?
        var captionsOfFilm: [VideoID: [FilmCaptions]] = [:]
        var captionsFailure: (any Error)?
        var storage: StorageServices?
        var whileInspecting: (@Sendable () async throws -> Void)?
        var whileWaiting: (@Sendable () async throws -> Void)?
    }

    private let state = Mutex(State())
    private let segment: String

    init(folder: String) {
        segment = folder + "-segment"
        _ = FileManager.default.createFile(atPath: segment, contents: Data("0123456789".utf8))
    }

    deinit { try? FileManager.default.removeItem(atPath: segment) }

    var enqueued: [VideoID] { state.withLock { $0.enqueued } }
    var removed: [VideoID] { state.withLock { $0.removed } }
    var paused: Set<VideoID> { state.withLock { $0.paused } }
    var inspections: Int { state.withLock { $0.inspections } }
    /// Thrown by the next inspections.
    func fail(with error: (any Error & Sendable)?) { state.withLock { $0.failure = error } }

    /// Thrown by the next attempts to make the work on a video part of the transaction that makes its row.
    func failEnqueuing(with error: (any Error & Sendable)?) { state.withLock { $0.enqueueFailure = error } }
    /// Where the second segment of each rendition is handed out.
    func setElsewhere(_ base: String?) { state.withLock { $0.elsewhere = base } }
    /// What is told of all videos.
    func setPresentation(_ change: (inout Presentation) -> Void) {
        state.withLock { change(&$0.presentation) }
    }
    /// What came with the file of a video; nil where it cannot be read now.
    func setCaptions(_ captions: [FilmCaptions]?, of id: VideoID) {
        state.withLock { state in
            state.captionsOfFilm[id] = captions  // bound: videos of a test
            state.captionsFailure = captions == nil ? VideoError.notFound : nil
        }
    }

    /// Runs while a file is looked into.
    func whileInspecting(_ body: (@Sendable () async throws -> Void)?) {
        state.withLock { $0.whileInspecting = body }
    }

    /// Runs before a file is looked into.
    func whileWaiting(_ body: (@Sendable () async throws -> Void)?) {
        state.withLock { $0.whileWaiting = body }
    }

    static let film: Presentation = {
        func track(_ name: String, _ kind: Presentation.Track.Kind, _ codecs: String) -> Presentation.Track {
            Presentation.Track(
                name: name, kind: kind, codecs: codecs, bandwidth: HLS.Bandwidth(peak: 1000, average: 900),
                segmentDurations: [MediaTime(ticks: 4, timescale: 1), MediaTime(ticks: 7, timescale: 2)],
                isEncrypted: true)
        }
        var small = track("360p", .video(size: PixelSize(width: 640, height: 360), frameRate: 25), "avc1.64001E")
        small.keyframeByteCounts = [3, 4]
        return Presentation(
            video: [
                track("720p", .video(size: PixelSize(width: 1280, height: 720), frameRate: 25), "avc1.64001F"), small,
            ],
            audio: [
                track("audio", .audio(label: TrackLabel(language: "es"), channelCount: 2), "mp4a.40.2")
            ],
            captions: [Presentation.Captions(name: "captions0", label: TrackLabel(language: "ru"))])
    }()

    var encoding: VideoEncoding {
        VideoEncoding(
            inspect: { path, onTurn in
                try await self.state.withLock { $0.whileWaiting }?()
                onTurn()
                try await self.state.withLock { $0.whileInspecting }?()
                return try self.inspect(path)
            },
            remove: { _, id in self.state.withLock { $0.removed.append(id.asVideo) } },
            pause: { _, id in self.state.withLock { _ = $0.paused.insert(id.asVideo) } },
            resume: { _, id in self.state.withLock { _ = $0.paused.remove(id.asVideo) } },
            retry: { _, _ in },
            presentation: { _ in self.state.withLock { $0.presentation } },
            presentationVersion: { _ in nil },
            openSegment: { _, _, _ in nil },
            openSharedSegment: { _, _, _ in nil },
            segment: { _, rendition, number, _ in
                if rendition == "slow" { return .unavailable(retryAfter: 3) }
                return number < 2 ? .file(try OpenFile(path: self.segment)) : .missing
            },
            sharedSegment: { _, rendition, number in
                let track = self.state.withLock { $0.presentation[rendition] }
                guard let track, track.isEncrypted, track.isComplete, number < 2 else { return nil }
                return try OpenFile(path: self.segment)
            },
            sharedSegmentAddress: { _, rendition, number in
                number == 1 ? self.state.withLock { $0.elsewhere }.map { "\($0)/\(rendition)/\(number)" } : nil
            },
            initSegment: { _, _, _ in .file(try OpenFile(path: self.segment)) },
            key: { _, rendition in rendition == "none" ? nil : [UInt8](repeating: 7, count: 16) },
            movie: { _, rendition in
                switch rendition {
                case "slow": .unavailable(retryAfter: 3)
                case "mended": .mended
                case "360p", "720p":
                    .file(
                        VideoMovie.File(isVideo: true) { mayGoOn, take in
                            for piece in ["head", "first", "second"] {
                                try await mayGoOn()
                                try await take(Array(piece.utf8))
                            }
                        })
                default: .missing
                }
            },
            picture: { _, _ in BlobContent(file: try OpenFile(path: self.segment), version: "picture") },
            pictures: pictures,
            captions: { _, name in
                name == "captions0"
                    ? BlobContent(file: try OpenFile(path: self.segment), version: "captions") : nil
            },
            captionsOfFilm: { id in
                try self.state.withLock { state in
                    if let failure = state.captionsFailure { throw failure }
                    return state.captionsOfFilm[id.asVideo] ?? []
                }
            })
    }

    private var pictures: VideoPictures {
        @Sendable func drawn(_ name: String) throws -> VideoPicture {
            .file(BlobContent(file: try OpenFile(path: self.segment), version: name))
        }
        return VideoPictures(
            frame: { _, seconds, width, _, mayMake in
                try await mayMake()
                return try drawn("\(seconds)-\(width ?? 0)")
            },
            smaller: { _, key, width, mayMake in
                try await mayMake()
                return try drawn("\(key == nil ? "automatic" : "chosen")-\(width)")
            },
            keepFrame: { _, seconds, key in
                try await self.keep("frame \(seconds)", key)
                return try drawn("frame")
            },
            keepPicture: { bytes, key in
                guard bytes.starts(with: Array("PICTURE".utf8)) else { throw RefusedPicture.noPicture }
                try await self.keep(String(decoding: bytes, as: UTF8.self), key)
            })
    }

    private func keep(_ text: String, _ key: BlobKey) async throws {
        try await state.withLock { $0.storage }?.blobs.write(key, Array(text.utf8))
    }

    /// Where pictures are kept.
    func setStorage(_ storage: StorageServices) { state.withLock { $0.storage = storage } }

    private func inspect(_ path: String) throws -> InspectedVideo {
        let failure = state.withLock { state in
            state.inspections += 1
            return state.failure
        }
        if let failure { throw failure }
        let content = FileManager.default.contents(atPath: path) ?? Data()
        guard content.starts(with: "VIDEO".utf8) else { throw RefusedContent(.notAVideo) }
        return InspectedVideo(duration: 8, width: 640, height: 360) { _, id in
            if let failure = self.state.withLock({ $0.enqueueFailure }) { throw failure }
            self.state.withLock { $0.enqueued.append(id.asVideo) }
        }
    }
}

extension VersionID {
    /// As the video that begins with it.
    var asVideo: VideoID { VideoID(high: high, low: low) }
}

extension FollowEncoding {
    /// The encoder's words about the first version of a video.
    func callAsFunction(_ progress: EncodingProgress, of id: VideoID, in transaction: Transaction) throws {
        try self(progress, of: id.firstVersion, in: transaction)
    }
}

extension VideoHouse {
    func follow(_ events: VideoEvents? = nil) -> FollowEncoding {
        let clock = clock
        return FollowEncoding(
            events: events ?? videos.events, audit: AuditLog(database: database, now: { clock.now }),
            keeping: VideoSettings().longestGrant, now: { clock.now })
    }
}
