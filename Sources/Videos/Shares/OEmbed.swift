import FoundationEssentials
import HTTP
import Web

/// What pages of other sites ask to show a link as a player (https://oembed.com).
struct OEmbed: Encodable, Sendable {
    /// In pixels: of the frame where the consumer sets no bounds.
    private static let width = 640
    private static let height = 360
    private static let mostPixels = 16_384

    struct Question: Sendable {
        /// Nil for an address that is no link.
        var token: String?
        var maxWidth: Int?
        var maxHeight: Int?

        /// - Throws: a `Problem` that names what cannot be.
        init(_ query: QueryParameters) throws {
            if let format = query["format"], format != "json" {
                throw Problem.invalid(field: "format", code: "unknown", "Only json is spoken here.")
            }
            guard let address = query["url"] else {
                throw Problem.invalid(field: "url", code: "required", "The address of a link.")
            }
            token = Self.token(in: address)
            maxWidth = try Self.pixels("maxwidth", query)
            maxHeight = try Self.pixels("maxheight", query)
        }

        /// Of `https://any.host/s/{token}` or `/embed/{token}`. Whose host it is does not matter: the token is this installation's or opens
        /// nothing.
        private static func token(in address: String) -> String? {
            guard address.hasPrefix("https://") || address.hasPrefix("http://") else { return nil }
            let parts = address.prefix { $0 != "?" && $0 != "#" }.split(
                separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 5, parts[3] == "s" || parts[3] == "embed" else { return nil }
            return String(parts[4])
        }

        private static func pixels(_ name: String, _ query: QueryParameters) throws -> Int? {
            guard let text = query[name] else { return nil }
            guard let number = Int(text), (1...mostPixels).contains(number) else {
                throw Problem.invalid(field: name, code: "out_of_range", "Pixels, from 1 to \(mostPixels).")
            }
            return number
        }
    }

    let title: String
    let html: String
    let size: (width: Int, height: Int)
    let provider: String

    /// - Throws: `ShareError.notEmbeddable`; `locked` where nothing may be told before a password is given.
    init(_ page: SharedPage, _ question: Question, from origin: String) throws {
        guard page.isEmbeddable else { throw ShareError.notEmbeddable }
        guard let about = page.about, let embed = about.embed else { throw ShareError.locked }
        title = about.title
        provider = origin
        // The largest of the usual shape that fits.
        let width = min(question.maxWidth ?? Self.width, (question.maxHeight ?? Self.height) * Self.width / Self.height)
        size = (max(1, width), max(1, width * Self.height / Self.width))
        html = """
            <iframe src="\(HTMLText.escaped(origin + embed))" width="\(size.width)" height="\(size.height)" \
            title="\(HTMLText.escaped(about.title))" style="border:0" \
            allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>
            """
    }

    private enum CodingKeys: String, CodingKey {
        case type, version, title, html, width, height
        case providerName = "provider_name"
        case providerURL = "provider_url"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode("video", forKey: .type)
        try body.encode("1.0", forKey: .version)
        try body.encode(title, forKey: .title)
        try body.encode(html, forKey: .html)
        try body.encode(size.width, forKey: .width)
        try body.encode(size.height, forKey: .height)
        try body.encode("Palco", forKey: .providerName)
        try body.encode(provider, forKey: .providerURL)
    }
}

extension Request {
    /// As its sender says, and good only in an answer to that sender.
    public var ownOrigin: String { "\(isSecure ? "https" : "http")://\(headers[.host] ?? "localhost")" }
}
