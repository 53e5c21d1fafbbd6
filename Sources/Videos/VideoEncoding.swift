import Media
import Reactor
import SQL
import Storage

/// What this room needs of the encoder, which knows versions and not videos. `App` hands it over; rooms do not import each other.
public struct VideoEncoding: Sendable {
    /// Looks into a stored file, when its turn has come, which is told.
    ///
    /// - Throws: `RefusedContent` where it is no video that can be played.
    public var inspect: @Sendable (_ path: String, _ onTurn: @Sendable () -> Void) async throws -> InspectedVideo
    /// Forgets a version's tasks.
    public var remove: @Sendable (Transaction, VersionID) throws -> Void
    /// Nothing more is made of a version until it is resumed.
    public var pause: @Sendable (Transaction, VersionID) throws -> Void
    public var resume: @Sendable (Transaction, VersionID) throws -> Void
    /// Runs failed work again.
    public var retry: @Sendable (Transaction, VersionID) throws -> Void
    /// What can be played; nil where nothing was planned yet.
    public var presentation: @Sendable (VersionID) async throws -> Presentation?
    /// Another number when anything of the presentation changes; nil where that cannot be said without waiting.
    public var presentationVersion: @Sendable (VersionID) -> UInt64?
    /// A segment that is made and at hand; nil says nothing about it. Waits for nothing.
    public var openSegment: @Sendable (VersionID, _ rendition: String, _ number: Int) -> OpenFile?
    /// The same of what `sharedSegment` gives.
    public var openSharedSegment: @Sendable (VersionID, _ rendition: String, _ number: Int) -> OpenFile?
    /// `viewer` tells those who ask apart, so that those who wait are served in turn.
    public var segment:
        @Sendable (VersionID, _ rendition: String, _ number: Int, _ viewer: UInt64) async throws -> VideoPart
    /// A segment of an encrypted rendition that is wholly made; nil for all others. Makes nothing.
    public var sharedSegment: @Sendable (VersionID, _ rendition: String, _ number: Int) async throws -> OpenFile?
    /// Where others than this server hand out what `sharedSegment` gives; nil where nobody does.
    public var sharedSegmentAddress: @Sendable (VersionID, _ rendition: String, _ number: Int) async throws -> String?
    public var initSegment: @Sendable (VersionID, _ rendition: String, _ viewer: UInt64) async throws -> VideoPart
    /// The 16 bytes that a rendition's segments are encrypted with.
    public var key: @Sendable (VersionID, _ rendition: String) async throws -> [UInt8]?
    /// A rendition as one file.
    public var movie: @Sendable (VersionID, _ rendition: String) async throws -> VideoMovie
    /// Nil while it is not made.
    public var picture: @Sendable (VersionID, PictureKind) async throws -> BlobContent?
    public var pictures: VideoPictures
    /// WebVTT, by name; nil where there are none of that name.
    public var captions: @Sendable (VersionID, _ name: String) async throws -> BlobContent?
    /// All that came with the file and are made by now.
    public var captionsOfFilm: @Sendable (VersionID) async throws -> [FilmCaptions]

    public init(
        inspect:
            @escaping @Sendable (_ path: String, _ onTurn: @Sendable () -> Void) async throws -> InspectedVideo,
        remove: @escaping @Sendable (Transaction, VersionID) throws -> Void,
        pause: @escaping @Sendable (Transaction, VersionID) throws -> Void,
        resume: @escaping @Sendable (Transaction, VersionID) throws -> Void,
        retry: @escaping @Sendable (Transaction, VersionID) throws -> Void,
        presentation: @escaping @Sendable (VersionID) async throws -> Presentation?,
        presentationVersion: @escaping @Sendable (VersionID) -> UInt64?,
        openSegment: @escaping @Sendable (VersionID, _ rendition: String, _ number: Int) -> OpenFile?,
        openSharedSegment: @escaping @Sendable (VersionID, _ rendition: String, _ number: Int) -> OpenFile?,
        segment:
            @escaping @Sendable (VersionID, _ rendition: String, _ number: Int, _ viewer: UInt64) async throws ->
            VideoPart,
        sharedSegment:
            @escaping @Sendable (VersionID, _ rendition: String, _ number: Int) async throws -> OpenFile?,
        sharedSegmentAddress:
            @escaping @Sendable (VersionID, _ rendition: String, _ number: Int) async throws -> String?,
        initSegment: @escaping @Sendable (VersionID, _ rendition: String, _ viewer: UInt64) async throws -> VideoPart,
        key: @escaping @Sendable (VersionID, _ rendition: String) async throws -> [UInt8]?,
        movie: @escaping @Sendable (VersionID, _ rendition: String) async throws -> VideoMovie,
        picture: @escaping @Sendable (VersionID, PictureKind) async throws -> BlobContent?, pictures: VideoPictures,
        captions: @escaping @Sendable (VersionID, _ name: String) async throws -> BlobContent?,
        captionsOfFilm: @escaping @Sendable (VersionID) async throws -> [FilmCaptions]
    ) {
        self.inspect = inspect
        self.remove = remove
        self.pause = pause
        self.resume = resume
        self.retry = retry
        self.presentation = presentation
        self.presentationVersion = presentationVersion
        self.openSegment = openSegment
        self.openSharedSegment = openSharedSegment
        self.segment = segment
        self.sharedSegment = sharedSegment
        self.sharedSegmentAddress = sharedSegmentAddress
        self.initSegment = initSegment
        self.key = key
        self.movie = movie
        self.picture = picture
        self.pictures = pictures
        self.captions = captions
        self.captionsOfFilm = captionsOfFilm
    }
}

/// A file that was looked into and can become a video.
public struct InspectedVideo: Sendable {
    public var duration: Double?
    public var width: Int?
    public var height: Int?
    public var kind: MediaKind
    /// Makes the work on the file part of the transaction that makes its row.
    public var enqueue: @Sendable (Transaction, VersionID) throws -> Void

    public init(
        duration: Double?, width: Int?, height: Int?, kind: MediaKind = .video,
        enqueue: @escaping @Sendable (Transaction, VersionID) throws -> Void
    ) {
        self.duration = duration
        self.width = width
        self.height = height
        self.kind = kind
        self.enqueue = enqueue
    }
}

/// Why a stored file cannot become a video. The codes are part of the contract.
public struct RefusedContent: Error, Sendable, Equatable {
    public var code: ContentRefusal

    public init(_ code: ContentRefusal) {
        self.code = code
    }

    var title: String {
        switch code {
        case .notAVideo: "The file is not a video"
        case .emptyFile: "The file is empty"
        case .truncatedFile: "The file is cut short"
        case .corruptFile: "The file is damaged"
        case .unsupportedDimensions: "The picture size is not supported"
        case .unsupportedDuration: "The duration is not supported"
        case .unsupportedFrameRate: "The frame rate is not supported"
        case .tooManyStreams: "The file has too many tracks"
        case .protectedSource: "The file is protected against copying"
        }
    }

    var detail: String {
        switch code {
        case .notAVideo:
            "Its content is none of the video formats that can be read, whatever its name says. Choose a video file."
        case .emptyFile: "It has no bytes. Choose the file again; it may not have been saved completely."
        case .truncatedFile: "Its end is missing. Copy or export the video again and upload the new file."
        case .corruptFile: "It says that it is a video but cannot be decoded. Export the video again from its source."
        case .unsupportedDimensions: "Use a picture of at most 8192 pixels on each side."
        case .unsupportedDuration:
            "Use a video that is longer than a moment and not longer than this server takes, which is a day unless it is set."
        case .unsupportedFrameRate: "Use at most 1000 frames a second."
        case .tooManyStreams: "Export the video with one picture and the sound tracks that you need."
        case .protectedSource: "Ask where it came from for a copy without protection."
        }
    }
}

/// A stored part of a video, or why there is none.
public enum VideoPart: Sendable {
    case file(OpenFile)
    /// Not made yet; ask again after so many seconds.
    case unavailable(retryAfter: Int)
    case missing
    case failed
}

/// A rendition with its sounds as one MP4 file, or why there is none.
public enum VideoMovie: Sendable {
    public struct File: Sendable {
        public var isVideo: Bool
        /// Gives it to `take`, piece by piece, and asks `mayGoOn` before each segment.
        public var write:
            @Sendable (_ mayGoOn: () async throws -> Void, _ take: ([UInt8]) async throws -> Void) async throws -> Void

        public init(
            isVideo: Bool,
            write:
                @escaping @Sendable (
                    _ mayGoOn: () async throws -> Void, _ take: ([UInt8]) async throws -> Void
                ) async throws -> Void
        ) {
            self.isVideo = isVideo
            self.write = write
        }
    }

    case file(File)
    case unavailable(retryAfter: Int)
    case missing
    /// A damaged place was mended in a way that one file cannot hold.
    case mended
}
