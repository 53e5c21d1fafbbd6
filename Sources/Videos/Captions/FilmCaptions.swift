import Media

/// Captions that came with the file, with their text.
public struct FilmCaptions: Sendable, Equatable {
    /// `captions0`, as below a grant.
    var name: String
    var language: String?
    /// Shown to all viewers.
    var isForced: Bool
    /// WebVTT.
    var text: String

    public init(_ captions: Presentation.Captions, text: String) {
        self.init(
            name: captions.name, language: captions.label.language, isForced: captions.isForced,
            // PostgreSQL keeps none.
            text: text.replacing("\0", with: ""))
    }

    init(name: String, language: String?, isForced: Bool, text: String) {
        (self.name, self.language, self.isForced, self.text) = (name, language, isForced, text)
    }
}
