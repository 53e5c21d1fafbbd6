import BaseEncoding
import FoundationEssentials
import HTTP

/// Where a file is fetched from. Its description tells the host alone, because the rest may be a secret.
struct SourceAddress: Sendable, CustomStringConvertible {
    static let longest = 4096

    /// As it was given, user and password included.
    let text: String
    /// Without user, password and fragment: what requests are sent to.
    let url: String
    let host: String
    /// The value of `Authorization` that user and password make (RFC 7617).
    let authorization: String?

    /// Nil for what is no address of `http` or `https`.
    init?(_ given: String) {
        let text = given.trimmingSpaces()
        guard text.utf8.count <= Self.longest, var parts = URLComponents(string: text),
            let scheme = parts.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = parts.host, !host.isEmpty
        else { return nil }
        authorization =
            parts.user.map { user in "Basic " + Data("\(user):\(parts.password ?? "")".utf8).base64EncodedString() }
        parts.user = nil
        parts.password = nil
        parts.fragment = nil
        guard let url = parts.string else { return nil }
        self.text = text
        self.url = url
        self.host = host
    }

    var description: String { host }

    /// Without what may be a secret: user, password, query and fragment.
    var reduced: String {
        guard var parts = URLComponents(string: url) else { return url }
        parts.query = nil
        return parts.string ?? url
    }

    /// The name of the file that an address ends in; that of the host where it ends in none.
    static func fileName(of url: String) -> String {
        let parts = URLComponents(string: url)
        guard let last = parts?.percentEncodedPath.split(separator: "/").last else { return parts?.host ?? "" }
        return PercentEncoding.decode(last.utf8) ?? String(last)
    }
}
