import Glibc

/// Folders of the file system. All calls block.
enum Folder {
    /// Makes a folder and the ones above it, each entered durably in the one that holds it.
    static func make(_ path: String) throws(StorageError) {
        if mkdir(path, 0o750) == 0 { return try synchronize(parent(of: path)) }
        switch errno {
        case EEXIST: return
        case ENOENT where path.contains("/"):
            try make(parent(of: path))
            guard mkdir(path, 0o750) == 0 || errno == EEXIST else { throw failure("mkdir", path) }
            try synchronize(parent(of: path))
        default: throw failure("mkdir", path)
        }
    }

    /// Makes names that were added, changed or removed in a folder durable.
    static func synchronize(_ path: String) throws(StorageError) {
        try Descriptor(opening: path, O_RDONLY | O_DIRECTORY).synchronize()
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    struct Entry {
        var name: String
        var isFolder: Bool
        var byteCount: Int
        /// Seconds since 1970.
        var modified: Int64
        /// The same when it was last written, renamed or given another name.
        var touched: Int64
    }

    /// What is in a folder, by name; empty where there is no folder.
    static func entries(_ path: String) throws(StorageError) -> [Entry] {
        guard let stream = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw failure("opendir", path)
        }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            var status = stat()
            guard lstat("\(path)/\(name)", &status) == 0 else { continue }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            entries.append(
                Entry(
                    name: name, isFolder: isFolder, byteCount: Int(status.st_size),
                    modified: Int64(status.st_mtim.tv_sec),
                    touched: max(Int64(status.st_mtim.tv_sec), Int64(status.st_ctim.tv_sec))))
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// Removes a file or a folder with all that is in it; links are removed, never followed.
    static func remove(_ path: String) throws(StorageError) {
        if unlink(path) == 0 { return }
        switch errno {
        case ENOENT: return
        case EISDIR, EPERM:
            for entry in try entries(path) { try remove("\(path)/\(entry.name)") }
            guard rmdir(path) == 0 || errno == ENOENT else { throw failure("rmdir", path) }
        default: throw failure("unlink", path)
        }
    }
}
