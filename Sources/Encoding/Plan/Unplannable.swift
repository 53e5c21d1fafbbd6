import Media

/// A source that cannot be planned: it has no frames that can be shown, or is, as measured, past what a source may be.
struct Unplannable: Error, CustomStringConvertible {
    /// What its owner is told.
    var code: ContentRefusal
    /// For the administrator.
    var detail: String

    init(_ code: ContentRefusal = .corruptFile, detail: String) {
        self.code = code
        self.detail = detail
    }

    var description: String { detail }
}
