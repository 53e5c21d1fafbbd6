import Testing

@testable import Storage

@Suite("Names of blobs")
struct BlobKeyTests {
    @Test(
        "Plain components joined by slashes are a name",
        arguments: ["a", "videos/0190-ab/720p/0.m4s", "A_b.c-d", "a..b", String(repeating: "x", count: 128)])
    func accepted(text: String) {
        #expect(BlobKey(text)?.description == text)
    }

    @Test(
        "What could leave the storage or meet its working files is none",
        arguments: [
            "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", ".incoming/x", "a/.hidden", ".lock", "a\\b",
            "a b",
            "a\u{0}b", "ä", "a/\u{202E}b", "a\n", "~", "%2e%2e", String(repeating: "x", count: 129),
            String(repeating: "x/", count: 300) + "x",
        ])
    func refused(text: String) {
        #expect(BlobKey(text) == nil)
        #expect(BlobKey("videos").appending(name: text) == nil)
    }

    @Test("Names are put together and taken apart")
    func composition() {
        let key = BlobKey("videos").appending("720p").appending(7)
        #expect(key.description == "videos/720p/7")
        #expect(key.parent == "videos/720p" && key.lastComponent == "7")
        #expect(BlobKey("videos").parent == nil)
    }
}
