import Glibc

/// A file without a name, for code that opens files by their path. Made once, filled for each input.
final class MemoryFile: Sendable {
    private let descriptor: Int32

    init() {
        var name = Array("/dev/shm/palco-fuzz-XXXXXX".utf8CString)
        descriptor = mkstemp(&name)
        precondition(descriptor >= 0, "no file can be made in /dev/shm")
        unlink(name)
    }

    var path: String { "/proc/self/fd/\(descriptor)" }

    func hold(_ bytes: [UInt8]) {
        let isHeld = ftruncate(descriptor, 0) == 0 && pwrite(descriptor, bytes, bytes.count, 0) == bytes.count
        precondition(isHeld, "the input cannot be written")
    }
}
