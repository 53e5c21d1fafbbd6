/// How many uploads are on their way.
public struct UnfinishedUploads: Sendable, Equatable {
    public var count = 0
    /// Of all of them once they are whole.
    public var byteCount = 0

    public init() {}

    init(count: Int, byteCount: Int) {
        self.count = count
        self.byteCount = byteCount
    }
}
