/// The last line of defence: callers do not log secrets, and a field that looks like one is masked all the same.
enum Redaction {
    static let mask = "[redacted]"

    /// Parts of field names whose values are never shown, in lower case.
    private static let secretNames = [
        "password", "passwd", "secret", "token", "authorization", "cookie", "credential", "csrf", "otp", "grant",
        "private", "api_key", "stream_key", "signing_key",
    ]

    static func hides(_ name: String) -> Bool {
        let lowered = name.lowercased()
        return secretNames.contains { lowered.contains($0) }
    }

    /// What follows one of these inside a value is masked up to the end of the word.
    private static let markers = ["token=", "password=", "Bearer ", "bearer ", "palco_session=", "palco_csrf="]
        .map { Array($0.utf8) }

    static func masked(_ value: String) -> String {
        let bytes = Array(value.utf8)
        guard bytes.contains(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: " ") }) else { return value }
        var result: [UInt8] = []
        var index = 0
        var changed = false
        while index < bytes.count {
            guard let marker = markers.first(where: { bytes[index...].starts(with: $0) }) else {
                result.append(bytes[index])
                index += 1
                continue
            }
            result += marker
            result += mask.utf8
            index += marker.count
            while index < bytes.count, !endsSecret(bytes[index]) { index += 1 }
            changed = true
        }
        return changed ? String(decoding: result, as: UTF8.self) : value
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
