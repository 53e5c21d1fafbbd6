import HTTP
import Videos
import Web

/// The pages that links of videos lead to. They are written for each request, because those who preview a link run no script.
struct SharePages: Sendable {
    private let share: String
    private let embed: String
    private let show: ShowSharedPage
    private let security: SecurityHeaders
    private let embedOrigins: [String]
    private let site: String?

    /// Of a page that may not say of what it is, or asks for it itself.
    private static let title = "<title>Palco</title>"

    /// Of a description, in characters.
    private static let mostDescription = 300

    init(_ files: StaticFiles, show: ShowSharedPage, security: SecurityHeaders, settings: Settings) throws {
        share = try files.text("share.html")
        embed = try files.text("embed.html")
        self.show = show
        self.security = security
        embedOrigins = settings.embedOrigins
        site = settings.publicAddress
    }

    func add(to router: RouterBuilder) {
        router.get("/s/{token}", access: .public, limit: .sharedPages) { request, context in
            let page = try await show(try context.parameters.require("token"))
            return answer(
                share, about: page.map { about($0, site ?? request.ownOrigin) } ?? Self.title, isFound: page != nil,
                security.secretPage())
        }
        router.get("/embed/{token}", access: .public, limit: .sharedPages) { _, context in
            let page = try await show(try context.parameters.require("token"))
            let isFound = page?.isEmbeddable == true
            let origins = isFound ? embedOrigins : []
            // The player listens to pages of these origins and to no others.
            let list = HTMLText.escaped(origins.joined(separator: " "))
            return answer(
                embed, about: Self.title + "<meta name=\"palco-embed-origins\" content=\"\(list)\">", isFound: isFound,
                security.secretPage(framedBy: origins))
        }
    }

    private func answer(_ page: String, about: String, isFound: Bool, _ fields: HeaderFields) -> Response {
        let text = page.replacing("<!-- about -->", with: about)
        var response = Response.bytes(Array(text.utf8), type: "text/html; charset=utf-8")
        response.status = isFound ? .ok : .notFound
        response.headers.append(contentsOf: fields)
        response.headers[.cacheControl] = "private, no-store"
        return response
    }

    /// What previews of the link show (https://ogp.me), and where they find the player (https://oembed.com).
    private func about(_ page: SharedPage, _ origin: String) -> String {
        guard let about = page.about else { return Self.title }
        var lines = [
            "<title>\(HTMLText.escaped(about.title)) · Palco</title>",
            meta("og:type", "video.other"), meta("og:site_name", "Palco"), meta("og:title", about.title),
            meta("og:url", origin + page.path),
        ]
        let description = String(about.description.prefix(Self.mostDescription))
        if !description.isEmpty { lines.append(meta("og:description", description)) }
        if let picture = about.picture { lines.append(meta("og:image", origin + picture)) }
        if let embed = about.embed {
            lines += [meta("og:video:url", origin + embed), meta("og:video:type", "text/html")]
            let question = Self.asQuery(origin + page.path)
            lines.append(
                """
                <link rel="alternate" type="application/json+oembed" \
                href="\(HTMLText.escaped("\(origin)/api/v1/oembed?format=json&url=\(question)"))">
                """)
        }
        return lines.joined(separator: "\n    ")
    }

    private func meta(_ property: String, _ content: String) -> String {
        "<meta property=\"\(property)\" content=\"\(HTMLText.escaped(content))\">"
    }

    /// Percent-encoded (RFC 3986 2.1).
    private static func asQuery(_ text: String) -> String {
        text.utf8.reduce(into: "") { encoded, byte in
            let isPlain = byte < 0x80 && (Character(Unicode.Scalar(byte)).isLetter || (0x30...0x39).contains(byte))
            if isPlain || "-._~".utf8.contains(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}

extension RateLimit {
    /// Each looks into the database, with nobody signed in.
    fileprivate static let sharedPages = RateLimit(
        "shared_pages", of: .address, burst: 120, interval: .milliseconds(200))
}
