public struct PixelSize: Sendable, Hashable, Codable {
    public var width: Int
    public var height: Int

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// The shorter side, by which renditions are named.
    public var lines: Int { min(width, height) }
}
