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
        let candidates = ["web"] + foldersAboveExecutable.flatMap { ["\($0)/web", "\($0)/share/palco/web"] }
        guard let found = candidates.first(where: isWeb) else { throw .webFolderMissing }
        return found
    }

    private static func isWeb(_ folder: String) -> Bool { access("\(folder)/index.html", R_OK) == 0 }

    /// The executable's folder and some above it: `.build/release/palco` stands some folders below `web`.
    static var foldersAboveExecutable: [String] {
        guard var path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return [] }
        var folders: [String] = []
        while folders.count < 5, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            path = String(path[..<slash])
            folders.append(path)
        }
        return folders
    }
}
