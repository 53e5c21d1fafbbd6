/// The name of a blob or of a folder of blobs: components joined by `/`. A component is made of `A-Z a-z 0-9 . _ -` and does
/// not begin with a dot, so that no key can leave the storage or meet its own working files.
public struct BlobKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    public static let maximumLength = 512
    private static let maximumComponentLength = 128

    public let description: String

    /// Nil unless each component is as a component must be.
    public init?(_ text: String) {
        guard (1...Self.maximumLength).contains(text.utf8.count),
            text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy(Self.isComponent)
        else { return nil }
        description = text
    }

    private init(trusted: String) { description = trusted }

    /// The thing below this folder.
    public func appending(_ other: BlobKey) -> BlobKey { BlobKey(trusted: "\(description)/\(other.description)") }

    /// The thing below this folder that a stranger named; nil for a name that cannot be one.
    public func appending(name: String) -> BlobKey? { BlobKey(name).map(appending) }

    public func appending(_ number: Int) -> BlobKey { BlobKey(trusted: "\(description)/\(number)") }

    public var components: [Substring] { description.split(separator: "/") }

    public var lastComponent: String { components.last.map(String.init) ?? description }

    /// The folder that it is in; nil for a key of one component.
    public var parent: BlobKey? {
        description.lastIndex(of: "/").map { BlobKey(trusted: String(description[..<$0])) }
    }

    public func isBelow(_ folder: BlobKey) -> Bool { description.hasPrefix(folder.description + "/") }

    public static func < (left: BlobKey, right: BlobKey) -> Bool { left.description < right.description }

    private static func isComponent(_ component: Substring.UTF8View.SubSequence) -> Bool {
        guard (1...maximumComponentLength).contains(component.count), component.first != UInt8(ascii: ".") else {
            return false
        }
        return component.allSatisfy(isAllowed)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension BlobKey: ExpressibleByStringLiteral {
    public init(stringLiteral value: StaticString) {
        guard let key = BlobKey(value.description) else { preconditionFailure("\(value) cannot be the name of a blob") }
        self = key
    }
}
