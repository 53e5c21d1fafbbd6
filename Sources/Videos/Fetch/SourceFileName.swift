import FoundationEssentials
import HTTP

/// The name of the file in `Content-Disposition` (RFC 6266): the extended form (RFC 8187) before the plain one.
enum SourceFileName {
    static func read(_ field: String) -> String? {
        let parameters = parameters(of: field)
        if let extended = parameters["filename*"], let name = decodeExtended(extended), !name.isEmpty { return name }
        guard let plain = parameters["filename"], !plain.isEmpty else { return nil }
        return plain
    }

    /// The first of each name counts.
    private static func parameters(of field: String) -> [String: String] {
        var found: [String: String] = [:]
        var rest = field.unicodeScalars[...]
        skip(&rest, to: ";")
        while rest.popFirst() != nil {
            let name = take(&rest, until: "=;").trimmingSpaces().lowercased()
            guard rest.first == "=" else { continue }
            rest.removeFirst()
            rest = rest.drop { $0 == " " || $0 == "\t" }
            let value = rest.first == "\"" ? quoted(&rest) : take(&rest, until: ";").trimmingSpaces()
            // bound: by the head of the answer, which the client limits
            if found[name] == nil { found[name] = value }
            skip(&rest, to: ";")
        }
        return found
    }

    private static func skip(_ rest: inout Substring.UnicodeScalarView, to end: Unicode.Scalar) {
        rest = rest.drop { $0 != end }
    }

    private static func take(_ rest: inout Substring.UnicodeScalarView, until ends: String) -> String {
        let taken = rest.prefix { !ends.unicodeScalars.contains($0) }
        rest = rest[taken.endIndex...]
        return String(taken)
    }

    /// RFC 9110 5.6.4.
    private static func quoted(_ rest: inout Substring.UnicodeScalarView) -> String {
        var text = String.UnicodeScalarView()
        rest.removeFirst()
        while let scalar = rest.popFirst(), scalar != "\"" {
            if scalar == "\\", let next = rest.popFirst() { text.append(next) } else { text.append(scalar) }
        }
        return String(text)
    }

    private static func decodeExtended(_ value: String) -> String? {
        let parts = value.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        switch parts[0].lowercased() {
        case "utf-8": return PercentEncoding.decode(parts[2].utf8)
        case "iso-8859-1": return latin(parts[2])
        default: return nil
        }
    }

    private static func latin(_ text: Substring) -> String? {
        var result = String.UnicodeScalarView()
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(Unicode.Scalar(byte))
                continue
            }
            guard bytes.count >= 2, let code = UInt8(String(decoding: bytes.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            bytes.removeFirst(2)
            result.append(Unicode.Scalar(code))
        }
        return String(result)
    }
}
