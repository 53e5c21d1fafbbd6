import HTTP

/// A page of this server to go on to, from an address that anybody may have written (CWE-601).
///
/// Only what every browser reads as a path of this server, however often it reads it: it begins with one slash, and nowhere in
/// its path are two together, a backslash, or anything but visible ASCII. What is below `/api/` is no page.
struct OwnPath: Sendable, Equatable {
    static let home = OwnPath(known: "/")
    private static let longest = 1_024

    let text: String

    private init(known text: String) { self.text = text }

    init?(_ text: String) {
        let path = text.prefix { $0 != "?" && $0 != "#" }
        guard text.utf8.count <= Self.longest, text.utf8.first == UInt8(ascii: "/"),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }),
            !path.contains("//"), let decoded = PercentEncoding.decode(path.utf8),
            decoded.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }),
            !decoded.contains("//"), !decoded.contains("\\"), !decoded.hasPrefix("/api/"),
            !decoded.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
        else { return nil }
        self.text = text
    }

    /// The same page, told that something went wrong.
    func explaining(_ problem: OutsideProblem) -> String {
        let page = text.prefix { $0 != "#" }
        return "\(page)\(page.contains("?") ? "&" : "?")problem=\(problem.rawValue)"
    }
}
