import BaseEncoding
import Cryptography
import FoundationEssentials
import Glibc
import Storage

/// A backup as it lies in a folder: `docs/backup.md` tells the form.
struct Backup: Sendable {
    static let form = 1

    /// `manifest.json`. It is written last: what has none is no backup yet.
    struct Manifest: Codable, Sendable, Equatable {
        var form = Backup.form
        var palco: String
        /// The moment of the rows, in UTC.
        var takenAt: String
        var database: Checked
        /// Rows of each table.
        var rows: [String: Int]
        var blobs: Checked
        var blobCount: Int
        var blobByteCount: Int
        var secrets: [String: Checked]
        /// What the rows promise and the storage did not have: it was lost before.
        var lost: [String]
    }

    /// A file of the backup.
    struct Checked: Codable, Sendable, Equatable {
        var byteCount: Int
        var sha256: String

        init(_ bytes: [UInt8]) {
            byteCount = bytes.count
            sha256 = Hex.encode(SHA256.hash(bytes))
        }

        /// Of a large file. Blocks.
        init(fileAt path: String) throws {
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { throw PrivateFile.failure(path) }
            defer { close(file) }
            let digest = SHA256()
            var (total, buffer) = (0, [UInt8](repeating: 0, count: 1 << 20))
            while case let count = read(file, &buffer, buffer.count), count != 0 {
                guard count > 0 else { throw PrivateFile.failure(path) }
                digest.update(buffer[..<count])
                total += count  // bound: the size of a file
            }
            byteCount = total
            sha256 = Hex.encode(digest.value())
        }
    }

    /// A line of `blobs.jsonl`.
    struct Line: Codable {
        var key: String
        var byteCount: Int
        var sha256: String
    }

    let folder: String

    var manifestPath: String { "\(folder)/manifest.json" }
    var databasePath: String { "\(folder)/database.sqlite" }
    var listPath: String { "\(folder)/blobs.jsonl" }
    var blobFolder: String { "\(folder)/blobs" }
    /// Those of the data folder that are kept, as they are called there too.
    static let secretFolders = ["secrets", "tls"]

    func write(_ manifest: Manifest) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try PrivateFile.replace(manifestPath, Array(encoder.encode(manifest)) + [UInt8(ascii: "\n")])
    }

    func readManifest() throws -> Manifest {
        guard access(manifestPath, F_OK) == 0 else {
            throw ServerError.archive(
                "\(folder) has no manifest.json: it is no backup, or one that was not finished. Call palco backup \(folder) again where the server is"
            )
        }
        let data = Data(try PrivateFile.contents(of: manifestPath))
        struct Form: Decodable { var form: Int }
        guard let form = try? JSONDecoder().decode(Form.self, from: data).form else {
            throw ServerError.archive("\(manifestPath) is damaged: take another backup")
        }
        guard form == Self.form else {
            throw ServerError.archive("\(folder) was written by a newer palco: restore it with that one")
        }
        do { return try JSONDecoder().decode(Manifest.self, from: data) } catch {
            throw ServerError.archive("\(manifestPath) is damaged: take another backup")
        }
    }

    /// The list of blobs as it is written.
    static func list(_ sums: [BlobSum]) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes: [UInt8] = []
        for sum in sums.sorted(by: { $0.key < $1.key }) {
            // bound: what is stored; a hundred bytes for each blob
            bytes += try encoder.encode(
                Line(key: "\(sum.key)", byteCount: sum.byteCount, sha256: Hex.encode(sum.sha256)))
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    func readList(_ manifest: Manifest) throws -> [BlobSum] {
        let bytes = try PrivateFile.contents(of: listPath)
        guard Checked(bytes) == manifest.blobs else {
            throw ServerError.archive("\(listPath) is not what the backup wrote: take another backup")
        }
        let decoder = JSONDecoder()
        return try bytes.split(separator: UInt8(ascii: "\n")).map { line in
            let line = try decoder.decode(Line.self, from: Data(line))
            guard let key = BlobKey(line.key), let sha256 = Hex.decode(line.sha256) else {
                throw ServerError.archive("\(listPath) is not what a backup writes: take another backup")
            }
            return BlobSum(key: key, byteCount: line.byteCount, sha256: sha256)
        }
    }
}
