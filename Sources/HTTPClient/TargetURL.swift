import CCurl
import Reactor

/// An `http` or `https` address, read by the parser that will also connect: two parsers would see two hosts in some texts.
struct TargetURL: Sendable, Equatable {
    /// The whole address, normalized, without a fragment.
    let text: String
    let scheme: String
    /// Lower case; IPv6 in brackets. Numbers in other bases are dotted decimals here.
    let host: String
    let port: Int

    private static let longest = 8 << 10

    /// - Throws: `HTTPClientError.Code.invalidURL`.
    init(_ text: String) throws(HTTPClientError) {
        try self.init([text])
    }

    /// Where `reference`, absolute or relative, leads from here (RFC 3986 5).
    func resolve(_ reference: String) throws(HTTPClientError) -> TargetURL {
        try TargetURL([text, reference])
    }

    private init(_ texts: [String]) throws(HTTPClientError) {
        try CurlLoop.checkLibrary()
        guard let handle = curl_url() else { throw HTTPClientError(.library, "curl_url: out of memory") }
        defer { curl_url_cleanup(handle) }
        // Spaces and other bytes that should have been encoded occur in redirects, and browsers take them.
        let flags = UInt32(CURLU_DISALLOW_USER | CURLU_URLENCODE | CURLU_ALLOW_SPACE)
        for text in texts {
            guard text.utf8.count <= Self.longest, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw HTTPClientError(.invalidURL, "the address is too long or holds control characters")
            }
            let status = curl_url_set(handle, CURLUPART_URL, text, flags)
            guard status == CURLUE_OK else {
                throw HTTPClientError(.invalidURL, String(cString: curl_url_strerror(status)))
            }
        }
        curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0)
        let part = { (part: CURLUPart, flags: Int32) -> String? in
            var found: UnsafeMutablePointer<CChar>?
            guard curl_url_get(handle, part, &found, UInt32(flags)) == CURLUE_OK, let found else { return nil }
            defer { curl_free(found) }
            return String(cString: found)
        }
        guard let whole = part(CURLUPART_URL, 0), let scheme = part(CURLUPART_SCHEME, 0)?.lowercased(),
            let host = part(CURLUPART_HOST, 0)?.lowercased(), !host.isEmpty,
            let port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT).flatMap({ Int($0) })
        else { throw HTTPClientError(.invalidURL, "the address names no host") }
        guard scheme == "http" || scheme == "https" else {
            throw HTTPClientError(.invalidURL, "only http and https are spoken, not \(scheme)")
        }
        text = whole
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    /// RFC 6454 4.
    func hasSameOrigin(as other: TargetURL) -> Bool {
        scheme == other.scheme && host == other.host && port == other.port
    }

    /// Without brackets and without the dot that ends an absolute name.
    var plainHost: String {
        if host.hasPrefix("[") { return String(host.dropFirst().dropLast()) }
        return host.hasSuffix(".") ? String(host.dropLast()) : host
    }

    /// Nil for a name.
    var address: IPAddress? { IPAddress(plainHost) }
}
