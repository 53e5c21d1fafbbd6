import Glibc
import Reactor

/// A file that is open for writing at any place. All calls block.
final class FileWriter: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws(SystemError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { throw SystemError("open") }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func write(_ bytes: [UInt8], at offset: Int) throws {
        try bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
                if count > 0 {
                    done += count
                } else if count == 0 || errno != EINTR {
                    throw SystemError("write")
                }
            }
        }
    }
}
