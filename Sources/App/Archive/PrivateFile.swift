import FoundationEssentials
import Glibc

/// Files that only their owner reads. All calls block.
enum PrivateFile {
    /// The whole file or the one before it, whatever happens.
    static func replace(_ path: String, _ bytes: [UInt8]) throws {
        let temporary = "\(path).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(temporary) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw failure(temporary) }
            rest.removeFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw failure(path) }
        try name(temporary, path)
    }

    /// Gives a finished file its name, durably.
    static func name(_ temporary: String, _ path: String) throws {
        guard rename(temporary, path) == 0 else { throw failure(path) }
        let folder = path.contains("/") ? String(path.prefix(through: path.lastIndex(of: "/") ?? path.startIndex)) : "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder) }
    }

    static func failure(_ path: String) -> ServerError {
        .archive("\(path): \(String(cString: strerror(errno)))")
    }

    /// Names in a folder that begin with no dot; empty where there is none.
    static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }

    static func contents(of path: String) throws -> [UInt8] {
        do { return Array(try Data(contentsOf: URL(filePath: path))) } catch {
            throw ServerError.archive("\(path) cannot be read: \(error)")
        }
    }
}
