import Identifiers

/// Ids are stored as they are written: 36 characters that sort by time.
extension Identifier: SQLConvertible {
    public var sqlValue: SQLValue { .text(description) }
    @inlinable
    public init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        self.init(text)
    }
}
