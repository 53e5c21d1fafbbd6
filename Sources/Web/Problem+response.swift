import HTTP

extension Problem {
    /// `application/problem+json`, written without an encoder so that it cannot fail.
    public var response: Response {
        var json = JSONText()
        json.open()
        json.field("type", "about:blank")
        json.field("title", title)
        json.field("status", status.code)
        if let detail { json.field("detail", detail) }
        json.field("code", code)
        if !errors.isEmpty {
            json.key("errors")
            json.openArray()
            for error in errors {
                json.open()
                json.field("field", error.field)
                json.field("code", error.code)
                json.field("detail", error.detail)
                json.close()
            }
            json.closeArray()
        }
        if let seconds = retrySeconds { json.field("retry_after", seconds) }
        if let errorID { json.field("error_id", errorID) }
        json.close()

        var response = Response(status: status, headers: headers, body: .bytes(json.bytes))
        response.headers.append(.contentType, "application/problem+json")
        if let seconds = retrySeconds { response.headers.append(.retryAfter, String(seconds)) }
        return response
    }

    /// Whole seconds, rounded up, at least 1.
    var retrySeconds: Int? {
        guard let retryAfter else { return nil }
        let (seconds, fraction) = retryAfter.components
        return max(1, Int(seconds) + (fraction > 0 ? 1 : 0))
    }
}

/// Writes a small JSON object into bytes.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    mutating func open() { opening(UInt8(ascii: "{")) }
    mutating func close() { closing(UInt8(ascii: "}")) }
    mutating func openArray() { opening(UInt8(ascii: "[")) }
    mutating func closeArray() { closing(UInt8(ascii: "]")) }

    mutating func key(_ name: String) {
        separate()
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func field(_ name: String, _ value: String) {
        key(name)
        string(value)
        needsComma = true
    }

    mutating func field(_ name: String, _ value: Int) {
        key(name)
        bytes += String(value).utf8
        needsComma = true
    }

    private mutating func opening(_ byte: UInt8) {
        separate()
        bytes.append(byte)
        needsComma = false
    }

    private mutating func closing(_ byte: UInt8) {
        bytes.append(byte)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                let hex = Array("0123456789abcdef".utf8)
                bytes += Array("\\u00".utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
