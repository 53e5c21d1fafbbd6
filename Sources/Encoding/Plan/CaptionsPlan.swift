import Media

/// Text that is shown with a film: one track of the original as WebVTT.
struct CaptionsPlan: Sendable, Hashable, Codable {
    /// The folder and the part of the URL.
    var name: String
    /// Position of the stream in the original.
    var streamIndex: Int
    var label: TrackLabel
    var isForced: Bool
    var isForDeaf: Bool

    var presented: Presentation.Captions {
        Presentation.Captions(name: name, label: label, isForced: isForced, isForDeaf: isForDeaf)
    }

    static func all(of facts: MediaFacts) -> [CaptionsPlan] {
        facts.subtitles.enumerated().map { position, subtitles in
            CaptionsPlan(
                name: "captions\(position)", streamIndex: subtitles.index, label: subtitles.label,
                isForced: subtitles.isForced, isForDeaf: subtitles.isForDeaf)
        }
    }
}
