import CSystem
import Glibc
import Synchronization

public enum OpenFileError: Error, Sendable, Equatable {
    /// The file ended before the range that was asked for.
    case shortened
}

/// A regular file that is open for reading, closed with its last reference. Opening and reading block: use a pool.
public final class OpenFile: Sendable {
    let descriptor: Int32
    public let byteCount: Int
    /// Last modification, nanoseconds since 1970 by the file system's clock; a time after 2262 or before 1677 counts as
    /// that moment.
    public let modifiedNanoseconds: Int64
    /// Until when all of the file is taken to be in the page cache.
    private let trusted = Atomic<Int64>(0)

    /// - Throws: `SystemError`, with `EISDIR` for anything that is not a regular file.
    public init(path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { throw SystemError("open") }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = SystemError("fstat")
            close(descriptor)
            throw error
        }
        guard status.st_mode & 0o170_000 == 0o100_000 else {
            close(descriptor)
            throw SystemError("open", code: EISDIR)
        }
        self.descriptor = descriptor
        byteCount = Int(status.st_size)
        modifiedNanoseconds = Self.nanoseconds(status.st_mtim)
    }

    deinit {
        close(descriptor)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        let (whole, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowToo) = whole.addingReportingOverflow(Int64(time.tv_nsec))
        return overflow || overflowToo ? (time.tv_sec < 0 ? .min : .max) : sum
    }

    /// Reads exactly `range`. Blocks.
    ///
    /// - Throws: `SystemError`; `OpenFileError.shortened` when the file ends first.
    public func read(_ range: Range<Int>) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try read(range, into: &bytes)
        return bytes
    }

    /// Appends exactly `range` to `bytes`. Blocks, where it is not in the page cache.
    ///
    /// - Throws: `SystemError`; `OpenFileError.shortened` when the file ends first.
    public func read(_ range: Range<Int>, into bytes: inout [UInt8]) throws {
        try bytes.append(addingCapacity: range.count) { span in
            try span.withUnsafeMutableBufferPointer { buffer, filled in
                while filled < range.count {
                    let rest = UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<range.count])
                    let count = pread(descriptor, rest.baseAddress, rest.count, off_t(range.lowerBound + filled))
                    if count > 0 {
                        filled += count
                    } else if count == 0 {
                        throw OpenFileError.shortened
                    } else if errno != EINTR {
                        throw SystemError("pread")
                    }
                }
            }
        }
    }

    static let warmingStep = 512 << 10

    /// Whether the end of `range` can be read from the page cache without waiting for the disk. What was there is taken
    /// to be there for a second more: a file that many are sent is not asked about for each of them.
    func isCached(_ range: Range<Int>, now: MonotonicTime) -> Bool {
        guard let last = range.last else { return true }
        let isWhole = range == 0..<byteCount
        if isWhole, now.nanoseconds < trusted.load(ordering: .relaxed) { return true }
        guard canReadNow(last) else { return false }
        if isWhole { trusted.store(now.advanced(byNanoseconds: 1_000_000_000).nanoseconds, ordering: .relaxed) }
        return true
    }

    private func canReadNow(_ last: Int) -> Bool {
        var byte: UInt8 = 0
        return withUnsafeMutablePointer(to: &byte) { pointer in
            var vector = iovec(iov_base: pointer, iov_len: 1)
            return preadv2(descriptor, &vector, 1, off_t(last), csystem_rwf_nowait) >= 0 || errno != EAGAIN
        }
    }

    /// Brings `range` into the page cache. Blocks.
    func readAhead(_ range: Range<Int>) {
        readahead(descriptor, off_t(range.lowerBound), range.count)
        var byte: UInt8 = 0
        if let last = range.last { pread(descriptor, &byte, 1, off_t(last)) }
    }
}
