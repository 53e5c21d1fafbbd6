import Glibc

/// The last line of defence: callers do not log secrets, and what looks like one is masked all the same.
///
/// It looks at every field of every line, so it works on bytes and allocates only where there is something to mask.
enum Redaction {
    static let mask = "[redacted]"

    /// Parts of field names whose values are never shown, in lower case: a list for each first letter.
    private static let secretNames: [[[UInt8]]] = {
        var lists = [[[UInt8]]](repeating: [], count: 26)
        for name in [
            "password", "passwd", "secret", "token", "authorization", "cookie", "credential", "csrf", "otp", "grant",
            "private", "api_key", "stream_key", "signing_key",
        ] {
            let name = Array(name.utf8)
            lists[Int(name[0] - UInt8(ascii: "a"))].append(name)
        }
        return lists
    }()

    /// What follows one of these inside a value is masked up to the end of the word.
    private static let markers: [[UInt8]] = [
        "token=", "password=", "Bearer ", "bearer ", "session=", "csrf=", "device=",
    ].map { Array($0.utf8) }

    static func hides(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { bytes in
            bytes.indices.contains { start in
                switch bytes[start] | 0x20 {
                case UInt8(ascii: "a"), UInt8(ascii: "c"), UInt8(ascii: "g"), UInt8(ascii: "o"), UInt8(ascii: "p"),
                    UInt8(ascii: "s"), UInt8(ascii: "t"):
                    isSecretName(bytes, at: start)
                default: false
                }
            }
        }
    }

    private static func isSecretName(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
        // No part is shorter than three letters, so most candidates end here.
        guard bytes.count - start >= 3 else { return false }
        return secretNames[Int((bytes[start] | 0x20) - UInt8(ascii: "a"))].contains {
            matches($0, bytes, at: start, ignoringCase: true)
        }
    }

    /// So many letters and digits in a row are taken for a token, wherever they stand: a grant in a path has 82, and
    /// nothing that is worth a line has a name so long (a SHA-256 has 64).
    private static let tokenLengths = 65...256

    /// - Returns: nil where nothing has to be masked.
    static func masked(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let withoutTokens = bytes.count >= tokenLengths.lowerBound ? maskedTokens(bytes) : nil
        guard let withoutTokens else { return maskedWords(bytes) }
        return withoutTokens.withUnsafeBufferPointer(maskedWords) ?? withoutTokens
    }

    /// Looks only at every 65th byte: none of so many in a row can lie between two of these.
    private static func maskedTokens(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let step = tokenLengths.lowerBound
        var result: [UInt8] = []
        var copied = 0
        var place = step - 1
        while place < bytes.count {
            guard isNameByte(bytes[place]) else {
                place += step
                continue
            }
            var (start, end) = (place, place + 1)
            while start > 0, isNameByte(bytes[start - 1]) { start -= 1 }
            while end < bytes.count, isNameByte(bytes[end]) { end += 1 }
            if tokenLengths.contains(end - start) {
                if copied == 0 { result.reserveCapacity(bytes.count) }
                result += bytes[copied..<start]
                result += mask.utf8
                copied = end
            }
            place = end + step
        }
        guard copied > 0 else { return nil }
        result += bytes[copied...]
        return result
    }

    /// Of base 64 as it stands in addresses, or of its percent encoding.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        // A bit for each: %, - and digits; letters and _.
        let bits: UInt64 = byte < 64 ? 0x03FF_2020_0000_0000 : 0x07FF_FFFE_87FF_FFFE
        return byte < 128 && bits >> UInt64(byte & 63) & 1 == 1
    }

    /// What follows a marker; nil where none does.
    private static func maskedWords(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard let start = bytes.baseAddress,
            memchr(start, Int32(UInt8(ascii: "=")), bytes.count) != nil
                || memchr(start, Int32(UInt8(ascii: " ")), bytes.count) != nil
        else { return nil }
        var result: [UInt8] = []
        var copied = 0
        var index = 0
        while index < bytes.count {
            guard let marker = markers.first(where: { matches($0, bytes, at: index, ignoringCase: false) }) else {
                index += 1
                continue
            }
            index += marker.count
            result += bytes[copied..<index]
            result += mask.utf8
            while index < bytes.count, !endsSecret(bytes[index]) { index += 1 }
            copied = index
        }
        guard copied > 0 else { return nil }
        return result + bytes[copied...]
    }

    private static func matches(
        _ pattern: [UInt8], _ bytes: UnsafeBufferPointer<UInt8>, at start: Int, ignoringCase: Bool
    ) -> Bool {
        guard pattern.count <= bytes.count - start else { return false }
        for offset in pattern.indices {
            let byte = bytes[start + offset]
            let isCapital = ignoringCase && (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            guard pattern[offset] == (isCapital ? byte | 0x20 : byte) else { return false }
        }
        return true
    }

    private static func endsSecret(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: " "), UInt8(ascii: ";"), UInt8(ascii: "\""), UInt8(ascii: ","),
            UInt8(ascii: "#"), 0..<0x20:
            true
        default: false
        }
    }
}
