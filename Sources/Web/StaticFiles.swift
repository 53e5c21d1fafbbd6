import FoundationEssentials
import HTTP

public enum StaticFilesError: Error, Sendable, Equatable, CustomStringConvertible {
    case noFolder(String)
    case tooLarge(path: String)

    public var description: String {
        switch self {
        case .noFolder(let path): "the folder of web files \(path) is not there"
        case .tooLarge(let path): "the web file \(path) is too large to be kept in memory"
        }
    }
}

/// The files of one folder, read and compressed once and served from memory under `/assets/{hash of all}/…`.
///
/// The hash is in every URL, so a file can be cached for good, and scripts that import each other by relative paths
/// always get files of one version. Pages (`.html`) and service workers name the prefix as `{{assets}}` and are asked for again each time.
public struct StaticFiles: Sendable {
    private static let largest = 16 << 20

    /// `/assets/` and the hash of all files.
    public let prefix: String
    private let tree: String
    private let files: [String: KeptFile]

    /// Reads the folder; blocks. Names that begin with a dot are left out.
    ///
    /// - Throws: `StaticFilesError`, or what the file system says.
    public init(root: String) throws {
        var contents: [(path: String, bytes: [UInt8])] = []
        let manager = FileManager.default
        guard let paths = try? manager.subpathsOfDirectory(atPath: root) else { throw StaticFilesError.noFolder(root) }
        for path in paths.sorted() where !path.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
            var isFolder = false
            guard manager.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder), !isFolder else { continue }
            let data = try Data(contentsOf: URL(filePath: "\(root)/\(path)"))
            if data.count > Self.largest { throw StaticFilesError.tooLarge(path: path) }
            contents.append((path, Array(data)))
        }
        self.init(contents)
    }

    init(_ contents: [(path: String, bytes: [UInt8])]) {
        var hash = ContentHash()
        for file in contents {
            hash.add(Array(file.path.utf8))
            hash.add(file.bytes)
        }
        let prefix = "/assets/\(hash.hexadecimal)"
        tree = hash.hexadecimal
        self.prefix = prefix
        files = Dictionary(
            contents.map { file in
                let bytes = Self.namesPrefix(file.path) ? Self.filled(file.bytes, prefix: prefix) : file.bytes
                return (file.path, KeptFile(bytes, type: MediaType.of(file.path)))
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Pages and service workers: their addresses stay, so they name the version of what they use.
    private static func namesPrefix(_ path: String) -> Bool {
        path.hasSuffix(".html") || path.hasSuffix("service-worker.js")
    }

    private static func filled(_ page: [UInt8], prefix: String) -> [UInt8] {
        Array(String(decoding: page, as: UTF8.self).replacing("{{assets}}", with: prefix).utf8)
    }

    /// Adds `GET /assets/{tree}/{path...}`, open to everyone.
    public func register(on router: some RouteCollector) {
        router.get("/assets/{tree}/{path...}", access: .public) { request, context in
            guard let path = context.parameters["path"], let file = files[path], !path.hasSuffix(".html") else {
                throw Problem.notFound()
            }
            // A page that was loaded before an update still asks for the old tree: it gets the new file, uncached.
            let isCurrent = context.parameters["tree"] == tree
            return try file.answer(request, cache: isCurrent ? "public, max-age=31536000, immutable" : "no-cache")
        }
    }

    /// A page by its path in the folder, such as `watch.html`.
    ///
    /// - Throws: a `Problem` (404) when there is none.
    public func page(_ path: String, for request: Request, status: Response.Status = .ok) throws -> Response {
        guard let file = files[path] else { throw Problem.notFound() }
        var response = try file.answer(request, cache: "no-cache")
        response.status = status
        return response
    }

    /// The text of a page, for those that are written for each request.
    ///
    /// - Throws: a `Problem` (404) when there is none.
    public func text(_ path: String) throws -> String {
        guard let text = files[path]?.text else { throw Problem.notFound() }
        return text
    }

    /// A file of the folder under a fixed name of its own, such as `/favicon.ico`.
    public func file(_ path: String, for request: Request) throws -> Response { try page(path, for: request) }
}

/// FNV-1a over 64 bits, twice with different starts: tells versions of our own files apart; not for secrets.
struct ContentHash {
    private var first: UInt64 = 0xcbf2_9ce4_8422_2325
    private var second: UInt64 = 0x6c62_272e_07bb_0142

    mutating func add(_ bytes: [UInt8]) {
        for byte in bytes {
            first = (first ^ UInt64(byte)) &* 0x100_0000_01b3
            second = (second ^ UInt64(byte) &+ 1) &* 0x100_0000_01b3
        }
        add(count: bytes.count)
    }

    private mutating func add(count: Int) {
        first = (first ^ UInt64(count)) &* 0x100_0000_01b3
        second = (second ^ UInt64(count)) &* 0x100_0000_01b3
    }

    var hexadecimal: String {
        let mixed = first ^ (second &* 0x9e37_79b9_7f4a_7c15)
        let text = String(mixed, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
