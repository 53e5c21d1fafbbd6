import FoundationEssentials
import Glibc

/// What `palco export` writes: `docs/archive.md` tells the form. It knows nothing of tables.
struct ArchiveFolder: Sendable {
    static let form = 1
    /// In the order in which they are read: each refers only to those before.
    static let lists = ["people.jsonl", "vocabulary.jsonl", "videos.jsonl", "personal.jsonl"]

    /// `archive.json`. It is written last: what has none is not finished.
    struct Manifest: Codable, Sendable, Equatable {
        var form = ArchiveFolder.form
        var palco: String
        var exportedAt: String
        var lists: [String: Backup.Checked]
        /// Lines of each.
        var counts: [String: Int]
    }

    let path: String

    var manifestPath: String { "\(path)/archive.json" }

    func write(_ manifest: Manifest) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try PrivateFile.replace(manifestPath, Array(encoder.encode(manifest)) + [UInt8(ascii: "\n")])
    }

    func readManifest() throws -> Manifest {
        guard access(manifestPath, F_OK) == 0 else {
            throw ServerError.archive(
                "\(path) has no archive.json: it is no archive, or one that was not finished. Call palco export again")
        }
        let data = Data(try PrivateFile.contents(of: manifestPath))
        guard let manifest = try? JSONDecoder().decode(Manifest.self, from: data) else {
            throw ServerError.archive("\(manifestPath) cannot be read: export again")
        }
        guard manifest.form == Self.form else {
            throw ServerError.archive(
                "\(path) has the form \(manifest.form), which this palco does not know: update it")
        }
        return manifest
    }

    static func line(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    /// The lines of a list, checked as a whole.
    func lines<Value: Decodable>(_ name: String, _ manifest: Manifest, as type: Value.Type) throws -> [Value] {
        let bytes = try PrivateFile.contents(of: "\(path)/\(name)")
        guard Backup.Checked(bytes) == manifest.lists[name] else {
            throw ServerError.archive("\(path)/\(name) is not what was exported: export again")
        }
        let decoder = JSONDecoder()
        return try bytes.split(separator: UInt8(ascii: "\n")).enumerated().map { number, line in
            do { return try decoder.decode(type, from: Data(line)) } catch {
                throw ServerError.archive("\(path)/\(name), line \(number + 1) cannot be read")
            }
        }
    }
}
