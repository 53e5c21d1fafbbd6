import FoundationEssentials
import HTTP

/// What the head of a source's answer means for a fetch that has the first `offset` bytes.
struct SourceAnswer: Sendable {
    enum Content: Sendable, Equatable {
        /// The whole file from its first byte on.
        case whole
        /// What was asked for: all that is missing.
        case rest
        /// Nothing is missing.
        case complete
        /// What is here belongs to nothing that the source has now.
        case changed
    }

    let content: Content
    /// Of the whole file.
    let totalByteCount: Int64?
    let validator: String?
    let fileName: String?
    let isPage: Bool

    /// Why the source sends nothing, and how long it wants to be left alone.
    struct Refusal: Error, Equatable {
        var failure: FetchFailure
        var retryAfter: Duration?
    }

    init(status: Response.Status, headers: HeaderFields, offset: Int64) throws(Refusal) {
        let range = ContentRange(headers["Content-Range"] ?? "")
        switch status.code {
        case 200:
            content = .whole
            totalByteCount = headers[.contentLength].flatMap { Int64($0) }
        case 206 where offset > 0:
            // Parts of several ranges, and others than were asked for, are of no use.
            content = range?.start == offset && (range?.total ?? 0) > offset ? .rest : .changed
            totalByteCount = range?.total
        case 416 where offset > 0:
            content = range?.total == offset ? .complete : .changed
            totalByteCount = range?.total
        default: throw Self.refusal(status, headers)
        }
        validator = Self.validator(headers)
        fileName = headers["Content-Disposition"].flatMap(SourceFileName.read)
        let type = (headers[.contentType] ?? "").prefix { $0 != ";" }.lowercased().trimmingSpaces()
        isPage = type == "text/html" || type == "application/xhtml+xml"
    }

    private static func refusal(_ status: Response.Status, _ headers: HeaderFields) -> Refusal {
        let seconds = headers["Retry-After"].flatMap { Int($0.trimmingSpaces()) }
        let pause = seconds.map { Duration.seconds(min(max($0, 0), longestPause)) }
        return switch status.code {
        case 401, 403, 407: Refusal(failure: .denied)
        case 404, 410: Refusal(failure: .missing)
        case 429: Refusal(failure: .busy, retryAfter: pause)
        case 408, 425: Refusal(failure: .interrupted, retryAfter: pause)
        case 400...499: Refusal(failure: .refused)
        case 503: Refusal(failure: .busy, retryAfter: pause)
        case 500...599: Refusal(failure: .broken, retryAfter: pause)
        default: Refusal(failure: .malformed)
        }
    }

    /// A source that asks for more is asked again all the same. In seconds.
    private static let longestPause = 6 * 3600

    /// What `If-Range` may hold (RFC 9110 13.1.5): a strong tag; or a date, where there is no tag at all.
    private static func validator(_ headers: HeaderFields) -> String? {
        guard let tag = headers["ETag"]?.trimmingSpaces() else { return headers["Last-Modified"].flatMap(short) }
        return tag.hasPrefix("\"") ? short(tag) : nil
    }

    private static func short(_ text: String) -> String? {
        text.utf8.count <= 512 && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ? text : nil
    }

    /// Whether a file that begins so is text for a browser. Servers call pages by many types, and films by wrong ones: a
    /// film has bytes in its beginning that no page has.
    static func isPage(_ beginning: [UInt8], isCalledPage: Bool) -> Bool {
        let start = beginning.prefix(sniffed)
        if start.contains(0) { return false }
        if isCalledPage { return true }
        var text = String(decoding: start, as: UTF8.self).lowercased()[...]
        text = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        return ["<!doctype html", "<html", "<head", "<body", "<script"].contains { text.hasPrefix($0) }
    }

    /// Of so many bytes at the beginning.
    static let sniffed = 512
}

/// `bytes 5-9/10`, `bytes */10` (RFC 9110 14.4).
private struct ContentRange {
    var start: Int64?
    var total: Int64?

    init?(_ field: String) {
        let words = field.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let parts = words[1].split(separator: "/")
        guard parts.count == 2 else { return nil }
        start = parts[0].split(separator: "-").first.flatMap { Int64($0) }
        total = Int64(parts[1])
    }
}
