/// What tells tracks of a kind apart.
public struct TrackLabel: Sendable, Hashable, Codable {
    /// Its own name, where the file has one.
    public var title: String?
    /// RFC 5646, where the file says.
    public var language: String?
    /// Tells those who do not see what there is to see.
    public var isDescription: Bool

    public init(title: String? = nil, language: String? = nil, isDescription: Bool = false) {
        self.title = title
        self.language = language
        self.isDescription = isDescription
    }
}
