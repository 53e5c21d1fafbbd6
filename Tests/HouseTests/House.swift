import FoundationEssentials

/// The sources as they lie on the disk, for tests that read the house instead of running it.
struct House {
    static let root: String = {
        var path = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        path.removeLast(3)
        return path.joined(separator: "/")
    }()

    /// The floors of `docs/architecture.md`. Later rooms are listed before they are built.
    static let frontDoor: Set = ["App", "palco"]
    static let rooms: Set = ["Accounts", "Encoding", "Videos", "Live", "Chat", "Events", "Insights"]
    static let mediaFloor: Set = ["Media", "RTMP"]
    /// From the ground up: each may import those before it.
    static let groundFloorInOrder = [
        "BaseEncoding", "Telemetry", "Identifiers", "Cryptography", "TLS", "Reactor", "Sandbox", "Security", "SQL",
        "Bus", "HTTP", "HTTPClient", "Mail", "S3", "Storage", "ACME", "OpenIDConnect", "Web",
    ]
    static let groundFloor = Set(groundFloorInOrder)
    static let swiftTargets = frontDoor.union(rooms).union(mediaFloor).union(groundFloor)

    let files: [SourceFile]

    /// Every text file below `folder`, which is relative to the root.
    init(folder: String, endings: [String] = [".swift"]) throws {
        let start = Self.root + "/" + folder
        guard FileManager.default.fileExists(atPath: start) else {
            files = []
            return
        }
        files = try FileManager.default.subpathsOfDirectory(atPath: start).sorted().compactMap { path in
            guard endings.contains(where: path.hasSuffix) else { return nil }
            return SourceFile(path: folder + "/" + path)
        }
    }
}

struct SourceFile {
    let path: String
    let lines: [Substring]

    init?(path: String) {
        guard let data = FileManager.default.contents(atPath: House.root + "/" + path) else { return nil }
        self.path = path
        // Not decoded strictly: a byte that is no UTF-8 must not hide a file from the law.
        lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .map { Substring($0) }
    }

    /// `Sources/Media/HLS/Playlist.swift` belongs to `Media`.
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 1 ? String(parts[1]) : ""
    }

    var imports: Set<String> {
        Set(
            lines.compactMap { line in
                let words = line.split(separator: " ").drop {
                    $0.hasPrefix("@") || $0.hasSuffix("import") && $0 != "import"
                }
                let visible = words.drop { ["public", "package", "internal", "private", "fileprivate"].contains($0) }
                guard visible.first == "import", var module = visible.dropFirst().first else { return nil }
                if ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"].contains(module) {
                    module = visible.dropFirst(2).first ?? module
                }
                return module.split(separator: ".").first.map { String($0) }
            })
    }

    /// Lines without their `//` comments, with their numbers counted from 1.
    var code: [(number: Int, text: Substring)] {
        lines.enumerated().compactMap { index, line in
            if line.drop(while: { $0 == " " }).hasPrefix("//") { return nil }
            guard let comment = line.firstRange(of: "  // ") else { return (index + 1, line) }
            return (index + 1, line[..<comment.lowerBound])
        }
    }

    /// Places whose code contains one of `words`, as `path:line: text`.
    func places(of words: String...) -> [String] {
        places { text in words.contains { text.contains($0) } }
    }

    /// Places whose code is as `isMeant` says.
    func places(where isMeant: (Substring) -> Bool) -> [String] {
        code.compactMap { number, text in isMeant(text) ? "\(path):\(number): \(text)" : nil }
    }
}
