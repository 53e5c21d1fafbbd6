import Accounts
import FoundationEssentials
import Telemetry

/// The list of passwords that nobody may choose. It comes from a package that has collected them (`scripts/setup`), and lies
/// beside the executable or in a folder above it.
enum PasswordList {
    static let fileName = "common-passwords.txt"

    static func find() -> String? {
        WebFolder.foldersAboveExecutable.flatMap { ["\($0)/\(fileName)", "\($0)/share/palco/\(fileName)"] }
            .first(where: FileManager.default.isReadableFile(atPath:))
    }

    /// Nil where there is none, or what is there holds none.
    static func read(_ path: String? = find()) -> PasswordBlocklist? {
        guard let path, let data = FileManager.default.contents(atPath: path) else { return nil }
        let list = PasswordBlocklist(list: [UInt8](data))
        return list.count > 0 ? list : nil
    }

    static func load(_ log: Log) -> PasswordBlocklist {
        if let list = read() { return list }
        log.warning(
            "there is no list of common passwords: only the worst are refused",
            ["advice": "put \(fileName) beside the executable, or run scripts/setup"])
        return .builtIn
    }
}
