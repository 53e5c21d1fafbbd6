public struct CryptographyError: Error, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// A key or an initialization vector has the wrong length.
        case wrongKeyLength
        /// A key of a kind, a size or a shape that is not used here.
        case unusableKey
        /// The input cannot be decrypted with this key.
        case undecipherable
        /// OpenSSL refused; `detail` holds its words.
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
