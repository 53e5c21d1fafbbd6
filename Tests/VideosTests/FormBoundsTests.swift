import Accounts
import FoundationEssentials
import HTTP
import Testing
import Web

@testable import Videos

@Suite("Forms without an end")
struct FormBoundsTests {
    /// The most that a refusal of fields may weigh.
    static let mostAnswerBytes = 16 << 10

    func send(
        _ house: VideoHouse, _ fields: [(String, String)], content: String = "VIDEO"
    ) async throws -> InProcessClient.Answer {
        let answer = try await house.upload(content, fields)
        #expect(answer.body.count <= Self.mostAnswerBytes)
        #expect(try house.files().isEmpty)
        #expect(try await house.uploadRows() == 0)
        return answer
    }

    @Test("Thousands of bad words in a form are answered with a few lines", arguments: [1, 60])
    func words(parts: Int) async throws {
        let house = try await VideoHouse()
        let bad = Array(repeating: "\u{7}", count: 15_000).joined(separator: ",")
        let answer = try await send(house, Array(repeating: ("tags", bad), count: parts))
        #expect(answer.status == .unprocessableContent)
        #expect(answer.text.components("\"field\":\"tags\"") == (parts == 1 ? 2 : 1))
        await house.close()
    }

    @Test("A field has a size, whatever it holds", arguments: ["title", "tags", "is_hidden", "password", "unknown"])
    func size(name: String) async throws {
        let house = try await VideoHouse()
        let answer = try await send(house, [(name, String(repeating: "x", count: 70_000))])
        #expect(answer.status == .contentTooLarge && answer.code == "field_too_large")
        await house.close()
    }

    @Test("A form has a number of parts")
    func parts() async throws {
        let house = try await VideoHouse()
        let answer = try await send(house, (0..<65).map { ("field\($0)", "x") })
        #expect(answer.status == .badRequest && answer.code == "malformed_form")
        await house.close()
    }

    @Test("A field comes once, and only lists come in several parts")
    func repeated() async throws {
        let house = try await VideoHouse()
        let answer = try await send(house, [("title", "a"), ("title", "b"), ("is_hidden", "1"), ("is_hidden", "1")])
        #expect(answer.status == .unprocessableContent)
        #expect(answer.text.components("\"code\":\"repeated\"") == 2)
        let id = try await house.upload("VIDEO", [("tags", "a"), ("tags", "b,c"), ("people", "Ann")]).video.id
        let video = try await house.videos.find(
            try #require(VideoID(id)), for: house.creator, through: .details)
        #expect(video.tags == ["a", "b", "c"] && video.people == ["Ann"])
        await house.close()
    }

    @Test("A second file is none")
    func secondFile() async throws {
        let house = try await VideoHouse()
        let (headers, text) = house.form("VIDEO")
        let second =
            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b\"\r\n\r\n"
            + String(repeating: "x", count: 70_000) + "\r\n--edge--\r\n"
        let answer = try await house.client(.creator).send(
            .post, "/api/v1/videos", headers: headers,
            body: RequestBody(text.replacing("--edge--\r\n", with: "") + second))
        #expect(answer.status == .contentTooLarge && answer.code == "field_too_large")
        #expect(try house.files().isEmpty)
        await house.close()
    }

    @Test("A change by JSON is bounded as well")
    func change() async throws {
        let house = try await VideoHouse()
        let video = house.video(named: "Film")
        try await house.insert(video)
        let body = ["tags": Array(repeating: "\u{7}", count: 2_000), "people": (0..<3_000).map { "\($0)" }]
        let answer = try await house.client(.creator).send(.patch, "/api/v1/videos/\(video.id)", json: body)
        #expect(answer.status == .unprocessableContent)
        #expect(answer.body.count <= Self.mostAnswerBytes)
        #expect(answer.text.components("\"field\":") == 3)
        await house.close()
    }

    @Test("Of a list only so much is read, and each reason is told once")
    func fieldCheck() {
        var check = FieldCheck()
        let words = check.words((0..<1_000_000).lazy.map { _ in "\u{7}" }, "tags")
        #expect(words == ["\u{7}"])
        #expect(check.refusals.map(\.code) == ["invalid_characters", "too_many"])
        for index in 0..<100 { check.refuse("field\(index)", "wrong", "Wrong.") }
        #expect(check.refusals.count == VideoDetails.Limit.refusals)
    }

    @Test("The metadata of an upload has a number of pairs and of bytes in a key")
    func metadata() throws {
        func header(_ count: Int) -> String { (0..<count).map { "key\($0) YQ==" }.joined(separator: ",") }
        #expect(try UploadMetadata(parsing: header(64)).values.count == 64)
        #expect(throws: TusError.invalidMetadata) { try UploadMetadata(parsing: header(65)) }
        #expect(try UploadMetadata(parsing: String(repeating: "k", count: 128) + " YQ==").values.count == 1)
        #expect(throws: TusError.invalidMetadata) {
            try UploadMetadata(parsing: String(repeating: "k", count: 129) + " YQ==")
        }
    }

    @Test(
        "A file's name is stored with what turns it around written out",
        arguments: [
            ("film.mp4", "film.mp4"), ("фильм 😀.mp4", "фильм 😀.mp4"), ("a\u{202E}4pm.exe", "a\\u202E4pm.exe"),
            ("a\u{200F}\u{2066}b", "a\\u200F\\u2066b"), ("a\u{0}\n\u{7F}b", "a\\u0000\\u000A\\u007Fb"),
            ("\u{061C}\u{2028}\u{FEFF}", "\\u061C\\u2028\\uFEFF"),
        ])
    func fileName(name: String, stored: String) async throws {
        #expect(FileName(name).description == stored)
        let house = try await VideoHouse()
        let metadata = UploadMetadata(values: ["filename": name]).header
        let answer = try await house.client(.creator).send(
            .post, "/api/v1/uploads",
            headers: [
                "Tus-Resumable": "1.0.0", "Upload-Length": "7", "Upload-Metadata": metadata,
                "Content-Type": "application/offset+octet-stream",
            ], body: RequestBody("VIDEO 7"))
        let id = try #require(answer.headers["Palco-Video-Id"].flatMap { VideoID($0) })
        let video = try await house.videos.find(id, for: house.creator, through: .details)
        #expect(video.fileName == stored)
        await house.close()
    }

    @Test("A file's name has a length")
    func longName() {
        #expect(FileName(String(repeating: "n", count: 10_000)).description.count == FileName.limit)
    }
}

extension String {
    /// How often a text stands in this one.
    fileprivate func components(_ text: String) -> Int {
        split(separator: text, omittingEmptySubsequences: false).count - 1
    }
}
