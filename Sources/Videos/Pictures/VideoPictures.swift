import Storage

/// What this room needs of the encoder for pictures that are made when somebody asks for them. `mayMake` is asked before one is made; what
/// it throws ends the request.
public struct VideoPictures: Sendable {
    public typealias MayMake = @Sendable () async throws -> Void

    /// What is seen at a moment of the film, in seconds. `viewer` tells those who ask apart.
    public var frame:
        @Sendable (VersionID, _ seconds: Double, _ width: Int?, _ viewer: UInt64, MayMake) async throws -> VideoPicture
    /// A cover in another width; the automatic one where no key is given.
    public var smaller: @Sendable (VersionID, BlobKey?, _ width: Int, MayMake) async throws -> VideoPicture
    /// Makes a picture of the film and keeps it under a key.
    public var keepFrame: @Sendable (VersionID, _ seconds: Double, BlobKey) async throws -> VideoPicture
    /// Keeps what is seen in a picture that a stranger gave under a key.
    ///
    /// - Throws: `RefusedPicture`.
    public var keepPicture: @Sendable (_ bytes: [UInt8], BlobKey) async throws -> Void

    public init(
        frame:
            @escaping @Sendable (
                VersionID, _ seconds: Double, _ width: Int?, _ viewer: UInt64, MayMake
            ) async throws -> VideoPicture,
        smaller: @escaping @Sendable (VersionID, BlobKey?, _ width: Int, MayMake) async throws -> VideoPicture,
        keepFrame: @escaping @Sendable (VersionID, _ seconds: Double, BlobKey) async throws -> VideoPicture,
        keepPicture: @escaping @Sendable (_ bytes: [UInt8], BlobKey) async throws -> Void
    ) {
        self.frame = frame
        self.smaller = smaller
        self.keepFrame = keepFrame
        self.keepPicture = keepPicture
    }
}

/// A picture, or why there is none.
public enum VideoPicture: Sendable {
    case file(BlobContent)
    /// Ask again after so many seconds.
    case unavailable(retryAfter: Int)
    case missing
    case failed
}

/// Why a file cannot become a picture.
public enum RefusedPicture: Error, Sendable, Equatable {
    case noPicture, tooManyPixels, unreadable
}
