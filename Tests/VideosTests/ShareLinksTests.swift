import HTTP
import Security
import Testing
import Web

@testable import TestSupport
@testable import Videos

@Suite("The tokens of links")
struct ShareLinksTests {
    @Test("A token names its share at every server of the installation, and no changed one names any")
    func tokens() {
        let secret = SigningSecret.ephemeral()
        let links = ShareLinks(secret: secret)
        let id = ShareID()
        let token = links.token(of: id)
        #expect(token.count == 43 && ShareLinks(secret: secret).share(of: token) == id)
        #expect(ShareLinks(secret: .ephemeral()).share(of: token) == nil)
        let characters = Array(token)
        // The last one holds bits that are not used.
        for index in 0..<42 {
            var changed = characters
            changed[index] = characters[index] == "A" ? "B" : "A"
            #expect(links.share(of: String(changed)) == nil, "\(index)")
        }
        for text in ["", "x", token + "A", String(token.dropLast()), "\(id)"] { #expect(links.share(of: text) == nil) }
    }
}

@Suite("What pages of other sites ask about a link")
struct OEmbedTests {
    let shares = ShareTests()

    struct Size: Decodable {
        var width: Int
        var height: Int
    }

    func ask(_ house: VideoHouse, _ query: String) async throws -> InProcessClient.Answer {
        try await house.client(nil).send(.get, "/api/v1/oembed?\(query)", headers: ["Host": "palco.example"])
    }

    @Test(
        "The largest frame that fits",
        arguments: [
            ("", 640, 360), ("&maxwidth=320", 320, 180), ("&maxheight=90", 160, 90),
            ("&maxwidth=320&maxheight=90&format=json", 160, 90), ("&maxwidth=4000", 640, 360), ("&maxheight=1", 1, 1),
        ])
    func sizes(query: String, width: Int, height: Int) async throws {
        let (house, video) = try await shares.house { $0.title = "<b>\"It\" & 'that'</b>" }
        let link = try await shares.link(house, video, #"{"is_embeddable":true}"#)
        for kind in ["s", "embed"] {
            let answer = try await ask(
                house, "url=https%3A%2F%2Fpalco.example%2F\(kind)%2F\(link.token)%3Ft%3D3\(query)")
            #expect(answer.status == .ok, "\(answer.text)")
            let size = try answer.decode(Size.self)
            #expect(size.width == width && size.height == height)
            #expect(answer.text.contains(#""type":"video""#) && answer.text.contains(#""version":"1.0""#))
            #expect(answer.text.contains("title=\\\"&lt;b&gt;&quot;It&quot; &amp; &#39;that&#39;&lt;/b&gt;\\\""))
            let frame = answer.text.replacing("\\/", with: "/")
            #expect(frame.contains("<iframe src=\\\"http://palco.example/embed/\(link.token)\\\""))
        }
        await house.close()
    }

    @Test("Nothing is told of what may not be shown there, or has a password")
    func refusals() async throws {
        let (house, video) = try await shares.house()
        let plain = try await shares.link(house, video)
        let locked = try await shares.link(house, video, #"{"is_embeddable":true,"password":"x"}"#)
        func address(_ link: ShareTests.Link) -> String { "url=https://palco.example/s/\(link.token)" }
        let table: [(String, Int, String)] = [
            (address(plain), 404, "share_not_embeddable"), (address(locked), 403, "share_locked"),
            ("url=https://palco.example/s/x", 404, "share_not_found"), ("url=nothing", 404, "share_not_found"),
            ("", 422, "validation_failed"), (address(locked) + "&maxwidth=0", 422, "validation_failed"),
            (address(locked) + "&format=xml", 422, "validation_failed"),
        ]
        for (query, status, code) in table {
            let answer = try await ask(house, query)
            #expect(answer.status.code == status && answer.code == code, "\(query): \(answer.text)")
        }
        await house.close()
    }
}
