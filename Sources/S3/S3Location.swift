import HTTP
import Reactor

/// Where objects are: `s3://bucket/prefix?endpoint=https://host:port&region=eu-central-1&path_style=true`.
///
/// - `endpoint`: the server; without it Amazon's of the region.
/// - `region`: what requests are signed for; `us-east-1` when it is not given, which servers without regions expect.
/// - `path_style`: whether the bucket stands in the path (`https://host/bucket/key`) or before the host's name
///   (`https://bucket.host/key`). In the path where an endpoint is given, before the name at Amazon's.
public struct S3Location: Sendable, Hashable, CustomStringConvertible {
    public let bucket: String
    /// Stands before every key; empty, or ends with a slash.
    public let prefix: String
    public let region: String
    public let isPathStyle: Bool
    let scheme: String
    /// With the bucket where that stands before its name; with the port where it is not the scheme's own. IPv6 in brackets.
    let host: String
    private let endpoint: String?

    /// Scheme and host, as browsers name where objects come from.
    public var origin: String { "\(scheme)://\(host)" }

    /// Why a text names no location. It repeats nothing of the text that could be a secret.
    public struct Invalid: Error, Equatable, CustomStringConvertible {
        public let description: String

        init(_ why: String) {
            description = "\(why): write s3://bucket/prefix?endpoint=https://host:port&region=…&path_style=true"
        }
    }

    public init(_ text: String) throws(Invalid) {
        guard text.hasPrefix("s3://") else { throw Invalid("the location does not begin with s3://") }
        let parts = text.dropFirst(5).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard !path[0].contains("@") else {
            throw Invalid("the location holds a user or a password, which belong into AWS_ACCESS_KEY_ID and its like")
        }
        bucket = try Self.bucket(path[0])
        prefix = try Self.prefix(path.count > 1 ? path[1] : "")
        let settings = try Self.settings(parts.count > 1 ? parts[1] : "")
        region = settings["region"] ?? "us-east-1"
        guard !region.isEmpty, region.utf8.allSatisfy(Self.isNameByte) else {
            throw Invalid("the region has a character that is in no region's name")
        }
        endpoint = settings["endpoint"]
        let server = try endpoint.map(Self.server) ?? ("https", "s3.\(region).amazonaws.com")
        scheme = server.0
        isPathStyle = try settings["path_style"].map(Self.flag) ?? (endpoint != nil || bucket.contains("."))
        host = isPathStyle ? server.1 : "\(bucket).\(server.1)"
        let isNumeric = server.1.hasPrefix("[") || IPAddress(String(server.1.prefix { $0 != ":" })) != nil
        guard isPathStyle || !isNumeric else {
            throw Invalid("nothing can stand before a host that is a number: leave out path_style=false")
        }
    }

    public var description: String {
        "s3://\(bucket)/\(prefix)" + (endpoint.map { " at \($0)" } ?? " in \(region)")
    }

    // MARK: Addresses

    /// The path on the server, encoded as it is signed. Nil for the bucket itself.
    func path(of key: String?) -> String {
        let bucket = isPathStyle ? "/\(bucket)" : ""
        guard let key else { return bucket.isEmpty ? "/" : bucket }
        return bucket + "/" + Self.encoded(prefix + key)
    }

    /// What `x-amz-copy-source` says.
    func copySource(_ key: String) -> String { "/\(bucket)/" + Self.encoded(prefix + key) }

    private static func encoded(_ key: String) -> String {
        key.split(separator: "/", omittingEmptySubsequences: false).map { PercentEncoding.encode(String($0)) }
            .joined(separator: "/")
    }

    // MARK: Reading

    /// The rules that all regions of Amazon's keep today.
    private static func bucket(_ text: Substring) throws(Invalid) -> String {
        let name = text.utf8
        let isName = name.allSatisfy {
            $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2D || $0 == 0x2E
        }
        guard isName, (3...63).contains(name.count), let first = text.first, let last = text.last,
            first.isLetter || first.isNumber, last.isLetter || last.isNumber, !text.contains("..")
        else { throw Invalid("a bucket has 3 to 63 small letters, digits, dots and hyphens") }
        return String(text)
    }

    private static func prefix(_ text: Substring) throws(Invalid) -> String {
        guard let decoded = PercentEncoding.decode(text.utf8) else { throw Invalid("the prefix has a broken escape") }
        let trimmed = decoded.hasSuffix("/") ? String(decoded.dropLast()) : decoded
        guard !trimmed.isEmpty else { return "" }
        guard S3Key.isValid(trimmed), trimmed.utf8.count <= 512 else {
            throw Invalid("the prefix is longer than 512 bytes, or has an empty part, . or .. between its slashes")
        }
        return trimmed + "/"
    }

    private static func settings(_ text: Substring) throws(Invalid) -> [String: String] {
        var found: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard ["endpoint", "region", "path_style"].contains(name) else {
                throw Invalid("the location knows only endpoint, region and path_style behind its question mark")
            }
            guard parts.count == 2, let value = PercentEncoding.decode(parts[1].utf8), found[name] == nil else {
                throw Invalid("\(name) has no value, a broken escape, or stands there twice")
            }
            found[name] = value
        }
        return found
    }

    private static func flag(_ text: String) throws(Invalid) -> Bool {
        switch text {
        case "true": true
        case "false": false
        default: throw Invalid("path_style is true or false")
        }
    }

    /// Scheme and host of `https://host:port`.
    private static func server(_ text: String) throws(Invalid) -> (String, String) {
        let scheme = text.hasPrefix("https://") ? "https" : "http"
        guard text.hasPrefix("\(scheme)://") else {
            throw Invalid("the endpoint does not begin with https:// or http://")
        }
        var rest = text.dropFirst(scheme.count + 3)
        if rest.hasSuffix("/") { rest.removeLast() }
        guard !rest.contains("@") else {
            throw Invalid("the endpoint holds a user or a password, which belong into AWS_ACCESS_KEY_ID and its like")
        }
        let (name, port) = try split(rest)
        let isAddress =
            name.hasPrefix("[") && name.hasSuffix("]") && IPAddress(String(name.dropFirst().dropLast())) != nil
        guard isAddress || !name.isEmpty && name.utf8.allSatisfy(isNameByte) else {
            throw Invalid("the endpoint is not a host's name or number with a port, and nothing behind it")
        }
        let isUsual = port == nil || port == (scheme == "https" ? 443 : 80)
        return (scheme, name.lowercased() + (isUsual ? "" : ":\(port ?? 0)"))
    }

    private static func split(_ text: Substring) throws(Invalid) -> (name: Substring, port: Int?) {
        let end =
            text.hasPrefix("[") ? text.firstIndex(of: "]").map { text.index(after: $0) } : text.firstIndex(of: ":")
        guard let end, end < text.endIndex else { return (text, nil) }
        let digits = text[end...].dropFirst()
        guard text[end] == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits),
            (1...65_535).contains(port)
        else { throw Invalid("the endpoint's port is not a number from 1 to 65535") }
        return (text[..<end], port)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, 0x2D, 0x2E: true
        default: false
        }
    }
}
