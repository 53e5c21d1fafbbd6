/// The names of objects. Beyond what S3 itself forbids, parts that are empty, `.` or `..` are refused: libraries and servers
/// on the way tidy such paths up, and then another object is meant than the one that was signed.
enum S3Key {
    static let longest = 1024

    static func isValid(_ key: String) -> Bool {
        guard (1...longest).contains(key.utf8.count), !key.utf8.contains(0) else { return false }
        return key.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".."
        }
    }
}
