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
    func opensOnce() async throws {
        let segments = OpenSegments()
        #expect(await segments.find(name(1), open: { nil }) == nil)
        let first = try await segments.find(name(1), open: file)
        #expect(first != nil)
        #expect(await segments.find(name(1), open: { nil }) === first)
        #expect(segments.find(name(2)) == nil)
        #expect(segments.find(OpenSegments.Name(video: video, rendition: "720p", number: nil)) == nil)
    }

    @Test("There are never more than its capacity, and what is asked for stays")
    func isBounded() async throws {
        let segments = OpenSegments(capacity: 4)
        let wanted = try await segments.find(name(0), open: file)
        for number in 1..<100 {
            #expect(segments.find(name(0)) === wanted)
            _ = try await segments.find(name(number), open: file)
        }
        #expect((0..<100).count { segments.find(name($0)) != nil } == 4)
        #expect(segments.find(name(99)) != nil)
    }

    @Test("A video that is forgotten is closed, the others stay")
    func forgets() async throws {
        let segments = OpenSegments(capacity: 8)
        let other = EncodingID()
        for number in 0..<4 {
            _ = try await segments.find(name(number), open: file)
            _ = try await segments.find(name(number, of: other), open: file)
        }
        weak let closed = segments.find(name(2))
        segments.forget(video)
        #expect(closed == nil)
        #expect((0..<4).allSatisfy { segments.find(name($0)) == nil && segments.find(name($0, of: other)) != nil })
        // And there is room again.
        for number in 4..<8 { _ = try await segments.find(name(number), open: file) }
        #expect((0..<4).allSatisfy { segments.find(name($0, of: other)) != nil })
    }

    @Test("A video that is removed while a segment is being opened keeps nothing open")
    func forgottenWhileOpening() async throws {
        let segments = OpenSegments()
        let answer = try await segments.find(name(1)) {
            segments.forget(video)
            return try file()
        }
        #expect(answer != nil)
        #expect(segments.find(name(1)) == nil)
    }

    @Test("What has been open for long is closed, though nobody told that it is gone")
    func age() async throws {
        let clock = PresentationCacheTests.Clock()
        let segments = OpenSegments(now: { clock.now })
        weak let gone = try await segments.find(name(1), open: file)
        clock.advance(by: OpenSegments.maximumAge / 2)
        weak let later = try await segments.find(name(2), open: file)
        clock.advance(by: OpenSegments.maximumAge / 2)
        #expect(gone != nil && later != nil)
        // Another is asked for.
        #expect(segments.find(name(3)) == nil)
        #expect(gone == nil && later != nil)
        #expect(segments.find(name(1)) == nil && segments.find(name(2)) != nil)
        clock.advance(by: OpenSegments.maximumAge)
        #expect(segments.find(name(3)) == nil && later == nil)
    }
}
