public enum StorageError: Error, Sendable, Equatable {
    /// Keeping this would leave less free than the reserve, or the disk or its quota is full. Nothing was left behind.
    case noSpace
    /// There is no such blob.
    case missing(BlobKey)
    /// The range ends beyond the blob.
    case outOfRange(BlobKey)
    /// Another writer holds the partial blob, or another server the folder.
    case inUse
    /// The writer was finished or discarded before.
    case finished
    /// The store on other machines does not answer, or refuses: what and why.
    case unavailable(String)
    /// A system call failed: which one, on what, and its `errno`.
    case system(call: String, path: String, code: Int32)
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noSpace: "not enough free space"
        case .missing(let key): "\(key) does not exist"
        case .outOfRange(let key): "the range ends beyond \(key)"
        case .inUse: "in use by another writer"
        case .finished: "the writer is spent"
        case .unavailable(let reason): reason
        case .system(let call, let path, let code): "\(call) \(path): \(reason(of: code))"
        }
    }
}
