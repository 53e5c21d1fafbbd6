import Accounts
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
                "is_premium": "true", "is_hidden": "0", "password": "secret", "language": "rus",
                "recorded_on": "2024-02-29",
            ], fileName: "x.mp4")
        #expect(details.language?.text == "ru" && details.recordedOn?.description == "2024-02-29")
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
            "password": String(repeating: "p", count: 201), "language": "klingon", "recorded_on": "2023-02-29",
        ]
        let error = #expect(throws: VideoDetails.Invalid.self) { try VideoDetails(fields: fields, fileName: "") }
        #expect(
            Set((error?.refusals ?? []).map(\.field)) == [
                "title", "is_premium", "tags", "password", "language", "recorded_on",
            ])
    }

    @Test(
        "Days that there are",
        arguments: [
            ("2024-02-29", true), ("2000-02-29", true), ("1900-02-29", false), ("2023-02-29", false),
            ("2026-04-31", false), ("2026-12-31", true), ("0001-01-01", true), ("0000-01-01", false),
            ("2026-13-01", false), ("2026-1-1", false), ("2026-01-01T00:00:00Z", false), ("+026-01-01", false),
            ("", false), ("2026-00-10", false), ("2026-01-00", false),
        ])
    func days(text: String, exists: Bool) {
        #expect(CalendarDay(text)?.description == (exists ? text : nil))
    }

    @Test("Chapters come in order, each at a time of its own and with a title")
    func chapters() throws {
        func checked(_ text: String) throws -> [Chapter]? {
            try JSONDecoder().decode(VideoChange.self, from: Data(#"{"chapters":\#(text)}"#.utf8)).checked().chapters
        }
        let found = try checked(#"[{"start":12.3456,"title":" B "},{"start":0,"title":"A"}]"#)
        #expect(found == [Chapter(start: 0, title: "A"), Chapter(start: 12.346, title: "B")])
        #expect(try checked("[]") == [])
        let many = "[" + (0...200).map { #"{"start":\#($0),"title":"x"}"# }.joined(separator: ",") + "]"
        for wrong in [
            #"[{"start":1,"title":""}]"#, #"[{"start":-1,"title":"x"}]"#, #"[{"start":1e9,"title":"x"}]"#,
            #"[{"start":1,"title":"x"},{"start":1,"title":"y"}]"#, "[{\"start\":1,\"title\":\"\\u0007\"}]", many,
        ] {
            let error = #expect(throws: VideoDetails.Invalid.self) { try checked(wrong) }
            #expect(error?.refusals.map(\.field) == ["chapters"], "\(wrong)")
        }
    }

    @Test("A change tells absent fields from emptied ones")
    func change() throws {
        let text = #"{"title":"New","category":null,"is_hidden":true,"password":""}"#
        let change = try JSONDecoder().decode(VideoChange.self, from: Data(text.utf8)).checked()
        #expect(change.title == "New" && change.category == .cleared && change.isHidden == true)
        #expect(change.password == .cleared && change.description == nil && change.tags == nil)
        #expect(change.isPremium == nil)
    }

    @Test("Groups are ids, each once and in their order, whether a form or a change names them")
    func groups() throws {
        let ids = [GroupID(), GroupID()].sorted()
        let text = "\(ids[1]), \(ids[0]),\(ids[1])"
        #expect(try VideoDetails(fields: ["groups": text], fileName: "").groups == ids)
        func change(_ groups: String) throws -> [String]? {
            try JSONDecoder().decode(VideoChange.self, from: Data(#"{"groups":\#(groups)}"#.utf8)).checked().groups
        }
        #expect(try change(#"["\#(ids[1])","\#(ids[0])"]"#) == ids.map(\.description))
        #expect(try change("[]") == [])
        let many = "[" + (0...50).map { _ in "\"\(GroupID())\"" }.joined(separator: ",") + "]"
        for wrong in [#"["x"]"#, #"[""]"#, many] {
            let error = #expect(throws: VideoDetails.Invalid.self) { try change(wrong) }
            #expect(error?.refusals.map(\.field) == ["groups"], "\(wrong)")
        }
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
