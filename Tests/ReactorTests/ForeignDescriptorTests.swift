import Glibc
import Testing

@testable import Reactor

@Suite("Descriptors of C libraries")
struct ForeignDescriptorTests {
    @Test("What is left unread is told again, what is not waited for is not told")
    func levelTriggered() async throws {
        let loop = try EventLoop()
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (exit, entrance) = (ends[0], ends[1])
        let tellings: [String] = try await withUnsafeThrowingContinuation { continuation in
            loop.execute {
                do {
                    var tellings: [String] = []
                    var writing: ForeignDescriptor?
                    let reading = ForeignDescriptor(exit, loop: loop) { isReadable, _ in
                        var byte: UInt8 = 0
                        tellings.append(isReadable && read(exit, &byte, 1) == 1 ? "\(byte)" : "?")
                        if tellings.count < 4 { return }
                        writing = nil
                        continuation.resume(returning: tellings)
                    }
                    writing = ForeignDescriptor(entrance, loop: loop) { _, isWritable in
                        tellings.append(isWritable ? "room" : "?")
                        writing?.stop()
                        _ = write(entrance, [1, 2, 3] as [UInt8], 3)
                    }
                    try reading.wait(readable: true, writable: false)
                    try writing?.wait(readable: false, writable: true)
                } catch { continuation.resume(throwing: error) }
            }
        }
        #expect(tellings == ["room", "1", "2", "3"])
        await loop.stop()
        close(exit)
        close(entrance)
    }
}
