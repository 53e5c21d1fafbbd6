import Glibc
import Testing

@testable import Reactor

@Suite("Open files")
struct OpenFileTests {
    @Test(
        "Any time of modification that a file system keeps can be read",
        arguments: [-62_135_596_800, 0, 15_000_000_000])
    func times(seconds: Int) throws {
        let path = "/tmp/palco-open-file-\(UInt64.random(in: 0 ... .max))"
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        defer {
            close(descriptor)
            unlink(path)
        }
        let time = timespec(tv_sec: seconds, tv_nsec: 5)
        #expect(futimens(descriptor, [time, time]) == 0)
        var status = stat()
        #expect(fstat(descriptor, &status) == 0)
        let kept = Double(status.st_mtim.tv_sec) * 1e9
        let read = Double(try OpenFile(path: path).modifiedNanoseconds)
        #expect(abs(read - min(max(kept, -0x1p63), 0x1p63)) < 10)
    }
}
