import FoundationEssentials
import Glibc

/// Where the pages and the contract are: the folder `web` of the sources, or of an installation.
enum WebFolder {
    /// The named folder, or the first `web` with an `index.html` beside the executable, its parents or the working folder.
    ///
    /// - Throws: `ServerError.webFolderMissing`.
    static func find(_ named: String?) throws(ServerError) -> String {
        if let named {
            guard isWeb(named) else { throw .webFolderMissing }
            return named
        }
        var candidates = ["web"]
        if var folder = executableFolder() {
            // `.build/release/palco` stands some folders below `web`.
            for _ in 0..<5 {
                candidates.append("\(folder)/web")
                candidates.append("\(folder)/share/palco/web")
                guard let slash = folder.lastIndex(of: "/"), slash != folder.startIndex else { break }
                folder = String(folder[..<slash])
            }
        }
        guard let found = candidates.first(where: isWeb) else { throw .webFolderMissing }
        return found
    }

    private static func isWeb(_ folder: String) -> Bool { access("\(folder)/index.html", R_OK) == 0 }

    private static func executableFolder() -> String? {
        guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            let slash = path.lastIndex(of: "/")
        else { return nil }
        return String(path[..<slash])
    }
}
