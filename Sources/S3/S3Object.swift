import Reactor

/// What the server tells about an object.
public struct S3Object: Sendable, Equatable {
    /// Without the location's prefix.
    public let key: String
    public let byteCount: Int
    /// With its quotation marks. It changes with the object and says nothing about its bytes.
    public let etag: String
    /// SHA-256 of all bytes, where it was known when the object was stored.
    public var sha256: [UInt8]?
    /// Seconds since 1970; only lists tell it.
    public var modified: Int?
}

/// A multipart upload: parts that become an object when it is completed. It takes room until it is completed or aborted.
public struct S3Upload: Sendable, Hashable {
    /// Without the location's prefix.
    public let key: String
    public let id: String

    public init(key: String, id: String) {
        self.key = key
        self.id = id
    }
}

/// A multipart upload as a list names it.
public struct S3BegunUpload: Sendable, Equatable {
    public let upload: S3Upload
    /// Seconds since 1970 by the server's clock; nil where it does not say.
    public let begun: Int?
}

/// A part that the server has.
public struct S3Part: Sendable, Equatable {
    /// From 1 to 10,000.
    public let number: Int
    public let etag: String
    public let byteCount: Int

    public init(number: Int, etag: String, byteCount: Int) {
        self.number = number
        self.etag = etag
        self.byteCount = byteCount
    }
}

/// Some of many: at most 1,000 at a time.
public struct S3Page<Item: Sendable>: Sendable {
    public let items: [Item]
    /// Where the next page begins; nil when this is the last.
    public let next: S3Cursor?
}

public struct S3Cursor: Sendable, Hashable {
    let query: [String: String]
}

/// The bytes of an object or a part on their way to the server. A file is read piece by piece, and it must not change
/// meanwhile.
public enum S3Body: Sendable {
    case bytes([UInt8])
    case file(OpenFile, Range<Int>)

    public static func file(_ file: OpenFile) -> S3Body { .file(file, 0..<file.byteCount) }

    public var byteCount: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .file(_, let range): range.count
        }
    }
}

/// What the server does with objects before it writes them to its disks.
public enum S3Encryption: Sendable, Equatable {
    /// With a key that the server keeps.
    case aes256
    /// With the key of that name in the provider's key service; nil for the bucket's own.
    case kms(keyID: String?)

    /// `AES256`, `aws:kms` or `aws:kms:` and the key's name. Nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "AES256": self = .aes256
        case "aws:kms": self = .kms(keyID: nil)
        case _ where text.hasPrefix("aws:kms:") && text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }):
            self = .kms(keyID: String(text.dropFirst("aws:kms:".count)))
        default: return nil
        }
    }

    var headers: [(String, String)] {
        switch self {
        case .aes256: [("x-amz-server-side-encryption", "AES256")]
        case .kms(let keyID):
            [("x-amz-server-side-encryption", "aws:kms")]
                + (keyID.map { [("x-amz-server-side-encryption-aws-kms-key-id", $0)] } ?? [])
        }
    }
}
