import BaseEncoding

/// The fields of one answer as HTTP/2 wants them: names in lower case, `:status` first, and nothing that speaks of the
/// connection (RFC 9113 8.2, 8.3.2).
struct HTTP2FieldSection {
    struct Entry {
        let name: Range<Int>
        let value: Range<Int>
        /// A secret that must stand in no table of the peers or of what is between them (RFC 7541 7.1.3).
        let isSecret: Bool
    }

    private(set) var bytes: [UInt8] = []
    private(set) var entries: [Entry] = []

    /// - Parameter byteCount: of the body; nil when it is not known, or there can be none.
    init(_ response: borrowing Response, byteCount: Int?, date: DateLine) {
        bytes.reserveCapacity(response.headers.byteCount + (response.shared?.fields.byteCount ?? 0) + 128)
        entries.reserveCapacity(response.headers.count + (response.shared?.fields.count ?? 0) + 4)
        append(name: ":status") { $0.appendDecimal(response.status.code) }
        append(name: "date") { value in date.withValue { value.append(contentsOf: $0) } }
        if let byteCount { append(name: "content-length") { $0.appendDecimal(byteCount) } }
        append(response.headers)
        if let shared = response.shared { append(shared.fields) }
        let id = response.requestID
        if id != .none {
            append(name: "x-request-id") { value in
                value.append(upTo: RequestID.length) { $0.write(count: RequestID.length, id.write) }
            }
        }
    }

    private mutating func append(_ headers: HeaderFields) {
        for entry in headers.entries where !headers.isFramingField(entry) && !headers.isOfConnection(entry) {
            let start = bytes.count
            for byte in headers.bytes[entry.nameRange] { bytes.append(ASCII.lowercase(byte)) }
            let middle = bytes.count
            bytes.append(contentsOf: headers.bytes[entry.valueRange])
            entries.append(
                Entry(
                    name: start..<middle, value: middle..<bytes.count, isSecret: headers.matches(entry, .setCookie)))
        }
    }

    /// An interim answer: a status and nothing else.
    init(status: Response.Status) {
        append(name: ":status") { $0.appendDecimal(status.code) }
    }

    private mutating func append(name: StaticString, _ value: (inout [UInt8]) -> Void) {
        let start = bytes.count
        bytes.append(text: name)
        let middle = bytes.count
        value(&bytes)
        entries.append(Entry(name: start..<middle, value: middle..<bytes.count, isSecret: false))
    }
}

extension HeaderFields {
    /// Fields that HTTP/1.1 has for the connection: in HTTP/2 they make a message malformed (RFC 9113 8.2.2).
    fileprivate func isOfConnection(_ entry: Entry) -> Bool {
        switch entry.nameCount {
        case 7: matches(entry, .upgrade)
        case 10: matches(entry, "Keep-Alive")
        case 16: matches(entry, "Proxy-Connection")
        default: false
        }
    }
}
