import Cryptography
import Glibc

/// A file in a folder of work that is to become a blob.
public struct WorkFile: Sendable {
    public let path: String
    public let key: BlobKey

    public init(_ path: String, as key: BlobKey) {
        self.path = path
        self.key = key
    }

    /// Blocks.
    public func sha256() throws -> [UInt8] {
        let (file, digest) = (try Descriptor(opening: path, O_RDONLY), SHA256())
        var offset = 0
        while case let piece = try file.read(from: offset, most: 1 << 20), !piece.isEmpty {
            digest.update(piece)
            offset += piece.count  // bound: the size of a file
        }
        return digest.value()
    }

    /// Writes a file anew, without waiting for the disk. Blocks.
    ///
    /// - Throws: `StorageError.noSpace` where the disk or the limit of this process is full.
    public static func write(_ bytes: [UInt8], to path: String) throws {
        let file = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC)
        try file.writeAll(bytes, at: 0)
        file.startWriteback(0..<bytes.count)
    }
}
