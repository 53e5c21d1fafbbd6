import Media

/// A segment as it goes to the storage, and what is measured of it.
struct MadeSegment: Sendable, Codable {
    var rendition: String
    var number: Int
    var byteCount: Int
    var duration: MediaTime
    /// How much of it, before it is encrypted, shows its first picture; nil where that is not known, and for sound.
    var keyframeByteCount: Int?
    /// By which it is known again as it lies in the storage; nil where another one was there before.
    var sum: [UInt8]?
}

/// An output that is not what the plan asked for. Nothing of it is kept.
struct VerificationFailure: Error, CustomStringConvertible {
    var description: String
}

/// The source is not what its index says: it has other frames, or keyframes elsewhere. To try again may help once, where an
/// earlier start of decoding does.
struct PlanFailure: Error, CustomStringConvertible {
    var description: String
}
