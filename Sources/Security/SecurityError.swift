public struct SecurityError: Error, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// The stored form of a password hash cannot be read.
        case malformedHash
        /// A secret file cannot be read or made.
        case secretUnavailable
        /// The library that hashes passwords refused; `detail` holds its words.
        case library
    }

    public let code: Code
    public let detail: String

    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    public var description: String { detail }
}
