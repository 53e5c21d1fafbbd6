import Glibc

/// A file in a folder of work that is to become a blob.
public struct WorkFile: Sendable {
    public let path: String
    public let key: BlobKey

    public init(_ path: String, as key: BlobKey) {
        self.path = path
        self.key = key
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

extension LocalStorage {
    /// Takes files over, in the order given: all are synced, then named. A key that has its blob already keeps it, because
    /// somebody may have read it, and the new file is removed. Blocks.
    ///
    /// - Returns: the size of what is there now under each key.
    public func adoptBlocking(_ files: [WorkFile]) throws -> [Int] {
        try space.check(0)
        var sizes: [Int] = []
        var isNew: [Bool] = []
        for file in files {
            let there = sizeBlocking(of: file.key)
            isNew.append(there == nil)
            let descriptor = try Descriptor(opening: file.path, O_RDONLY)
            if there == nil { try descriptor.synchronize() }
            sizes.append(try there ?? Int(descriptor.status().st_size))
        }
        for (file, isNew) in zip(files, isNew) {
            if isNew { try publish(file.path, as: file.key, synchronizing: false) } else { unlink(file.path) }
        }
        for folder in Set(files.map { Folder.parent(of: path(of: $0.key)) }) { try Folder.synchronize(folder) }
        return sizes
    }
}
