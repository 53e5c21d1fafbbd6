/// How soon a stream's answer is needed (RFC 9218).
struct HTTP2Priority: Equatable {
    /// From 0, at once, to 7, when nothing else is to be done.
    var urgency: UInt8 = 3
    /// Parts of the answer are of use to the client, so it may share the way with others of its urgency.
    var isIncremental = false

    init() {}

    /// - Parameter field: a dictionary of structured fields (RFC 8941 3.2). What is not understood is left out.
    init(parsing field: String?) {
        for member in field?.prefix(256).split(separator: ",") ?? [] {
            let words = member.split(separator: ";")[0].filter { $0 != " " && $0 != "\t" }
            switch words {
            case "i", "i=?1": isIncremental = true
            case "i=?0": isIncremental = false
            default:
                if words.hasPrefix("u="), let number = UInt8(words.dropFirst(2)), number <= 7 { urgency = number }
            }
        }
    }

    /// What the server knows better (RFC 9218 8): players ask for playlists, keys and segments in the same way, and the
    /// large ones can wait for the small ones that say what comes next.
    init(of request: HTTP2Priority, answering response: borrowing Response) {
        self = request
        guard response.isMedia else { return }
        urgency = max(urgency, 4)
        isIncremental = true
    }
}

extension Response {
    fileprivate var isMedia: Bool {
        guard let type = headers.bytes(of: .contentType) else { return false }
        return type.starts(with: "video/".utf8) || type.starts(with: "audio/".utf8)
    }
}
