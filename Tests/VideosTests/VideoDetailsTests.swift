import FoundationEssentials
import Testing

@testable import Videos

@Suite("What an uploader says about a video")
struct VideoDetailsTests {
    @Test("Fields are read, trimmed and split")
    func fields() throws {
        let details = try VideoDetails(
            fields: [
                "title": "  Heart  ", "description": "two\nlines", "tags": "a, b,,a", "people": "Ann", "category": " ",
                "is_premium": "true", "is_hidden": "0", "password": "secret",
            ], fileName: "x.mp4")
        #expect(details.title == "Heart" && details.description == "two\nlines" && details.category == nil)
        #expect(details.tags == ["a", "b"] && details.people == ["Ann"])
        #expect(details.isPremium && !details.isHidden && details.password == "secret")
    }

    @Test(
        "A title comes from the file's name, which is never a path",
        arguments: [
            ("film.mp4", "film"), ("../../etc/passwd", "passwd"), ("C:\\films\\a.b.mov", "a.b"), ("", "Untitled"),
            (".hidden", ".hidden"), ("a\u{0}\u{202E}b.mp4", "ab"), ("/", "Untitled"), (" .mp4", "Untitled"),
        ])
    func titleFromName(name: String, title: String) throws {
        #expect(try VideoDetails(fields: [:], fileName: name).title == title)
    }

    @Test("All wrong fields are named at once")
    func refusals() {
        let fields = [
            "title": String(repeating: "x", count: 201), "is_premium": "perhaps", "tags": "\u{7}",
            "password": String(repeating: "p", count: 201),
        ]
        let error = #expect(throws: VideoDetails.Invalid.self) { try VideoDetails(fields: fields, fileName: "") }
        #expect(Set((error?.refusals ?? []).map(\.field)) == ["title", "is_premium", "tags", "password"])
    }

    @Test("A change tells absent fields from emptied ones")
    func change() throws {
        let text = #"{"title":"New","category":null,"is_hidden":true,"password":""}"#
        let change = try JSONDecoder().decode(VideoChange.self, from: Data(text.utf8)).checked()
        #expect(change.title == "New" && change.category == .cleared && change.isHidden == true)
        #expect(change.password == .cleared && change.description == nil && change.tags == nil)
        #expect(change.isPremium == nil)
    }

    @Test("A title cannot be emptied")
    func emptyTitle() throws {
        let change = try JSONDecoder().decode(VideoChange.self, from: Data(#"{"title":" "}"#.utf8))
        #expect(throws: VideoDetails.Invalid.self) { try change.checked() }
    }

    @Test("A cursor survives being written and read again; anything else is none")
    func cursor() throws {
        let text = VideoQuery.Cursor(after: .example).text
        #expect(VideoQuery.Cursor(text: text)?.text == text)
        for broken in ["", "x", "AAAA", String(text.dropLast(3))] { #expect(VideoQuery.Cursor(text: broken) == nil) }
    }

    @Test("A list's parameters are checked", arguments: ["limit=0", "limit=101", "limit=x", "status=done", "hidden=2"])
    func badQuery(pair: String) {
        let parts = pair.split(separator: "=").map(String.init)
        #expect(throws: VideoDetails.Invalid.self) { try VideoQuery { $0 == parts[0] ? parts[1] : nil } }
    }
}
