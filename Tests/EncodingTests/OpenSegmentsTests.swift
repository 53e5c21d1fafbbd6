import Reactor
import Testing

@testable import Encoding

@Suite("Segments kept open")
struct OpenSegmentsTests {
    private let video = EncodingID()

    private func name(_ number: Int, of video: EncodingID? = nil) -> OpenSegments.Name {
        OpenSegments.Name(video: video ?? self.video, rendition: "720p", number: number)
    }

    private func file() throws -> OpenFile { try OpenFile(path: "/proc/self/exe") }

    @Test("What was opened once is not opened again, and what is not there is asked for again")
    func opensOnce() throws {
        let segments = OpenSegments()
        #expect(segments.find(name(1), isEncrypted: true, open: { nil }) == nil)
        let first = try segments.find(name(1), isEncrypted: true, open: file)
        #expect(first != nil)
        #expect(segments.find(name(1), isEncrypted: true, open: { nil })?.file === first?.file)
        #expect(segments.find(name(2)) == nil)
        #expect(segments.find(OpenSegments.Name(video: video, rendition: "720p", number: nil)) == nil)
    }

    @Test("What a segment was made with is known when it is found again", arguments: [true, false])
    func encryption(isEncrypted: Bool) throws {
        let segments = OpenSegments()
        #expect(try segments.find(name(1), isEncrypted: isEncrypted, open: file)?.isEncrypted == isEncrypted)
        #expect(segments.find(name(1))?.isEncrypted == isEncrypted)
    }

    @Test("There are never more than its capacity, and what is asked for stays")
    func isBounded() throws {
        let segments = OpenSegments(capacity: 4)
        let wanted = try segments.find(name(0), isEncrypted: true, open: file)
        for number in 1..<100 {
            #expect(segments.find(name(0))?.file === wanted?.file)
            _ = try segments.find(name(number), isEncrypted: true, open: file)
        }
        #expect((0..<100).count { segments.find(name($0)) != nil } == 4)
        #expect(segments.find(name(99)) != nil)
    }

    @Test("A video that is forgotten is closed, the others stay")
    func forgets() throws {
        let segments = OpenSegments(capacity: 8)
        let other = EncodingID()
        for number in 0..<4 {
            _ = try segments.find(name(number), isEncrypted: true, open: file)
            _ = try segments.find(name(number, of: other), isEncrypted: true, open: file)
        }
        weak let closed = segments.find(name(2))?.file
        segments.forget(video)
        #expect(closed == nil)
        #expect((0..<4).allSatisfy { segments.find(name($0)) == nil && segments.find(name($0, of: other)) != nil })
        // And there is room again.
        for number in 4..<8 { _ = try segments.find(name(number), isEncrypted: true, open: file) }
        #expect((0..<4).allSatisfy { segments.find(name($0, of: other)) != nil })
    }

    @Test("A video that is removed while a segment is being opened keeps nothing open")
    func forgottenWhileOpening() throws {
        let segments = OpenSegments()
        let answer = try segments.find(name(1), isEncrypted: true) {
            segments.forget(video)
            return try file()
        }
        #expect(answer != nil)
        #expect(segments.find(name(1)) == nil)
    }
}
