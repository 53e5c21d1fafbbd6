import HTTP

/// The field `Content-Disposition` (RFC 6266) of a file that is to be kept.
public enum ContentDisposition {
    /// Of bytes: file systems know no longer names.
    private static let mostBytes = 240

    /// - Parameter name: as a stranger wrote it: folders before it, and what file systems or old readers stumble over, do not
    ///   get into the field.
    public static func attachment(named name: String) -> String {
        let safe = safe(name)
        let plain = String(safe.unicodeScalars.map { $0.isASCII && $0 != "%" ? Character($0) : "_" })
        let extended = safe == plain ? "" : "; filename*=UTF-8''\(PercentEncoding.encode(safe))"
        return "attachment; filename=\"\(plain)\"\(extended)"
    }

    private static func safe(_ name: String) -> String {
        let last = name.split(separator: "/").last ?? ""
        var result = ""
        for scalar in last.unicodeScalars {
            let isLetter = !"\"\\:*?<>|;".unicodeScalars.contains(scalar) && !isControl(scalar)
            result.unicodeScalars.append(isLetter ? scalar : "_")
        }
        // A dot at the beginning would hide it.
        result = String(result.drop { $0 == "." || $0 == " " })
        guard result.utf8.count > mostBytes else { return result.isEmpty ? "video" : result }
        return shortened(result)
    }

    /// With the ending that it had.
    private static func shortened(_ name: String) -> String {
        let ending = name.lastIndex(of: ".").map { name[$0...] }.flatMap { $0.utf8.count <= 10 ? $0 : nil } ?? ""
        var rest = String(name.dropLast(ending.count))
        while rest.utf8.count + ending.utf8.count > mostBytes { rest.removeLast() }
        return rest + ending
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: true
        default: false
        }
    }
}
