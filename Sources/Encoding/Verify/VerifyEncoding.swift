import Cryptography
import Media
import SQL
import Storage

/// Looks whether all is in the storage that was made of a video, and whether it is what was made. What is not known by its checksum,
/// because it was made by an older palco, is looked into, and known from then on.
public struct VerifyEncoding: Sendable {
    public struct Finding: Sendable {
        public let file: PromisedFile
        /// Else it is there, and another one.
        public let isMissing: Bool
        public let words: String
    }

    /// Nothing that is looked into as a whole is larger.
    private static let mostBytes = 256 << 20

    let database: Database
    let blobs: any BlobStore

    public init(database: Database, blobs: any BlobStore) {
        self.database = database
        self.blobs = blobs
    }

    /// - Returns: how many blobs were looked at, and what is wrong with some of them.
    public func callAsFunction(_ id: EncodingID) async throws -> (count: Int, findings: [Finding]) {
        let found = try await look(id)
        // Whoever removes or replaces something meanwhile does so in the rows too.
        return found.findings.isEmpty ? found : try await look(id)
    }

    private func look(_ id: EncodingID) async throws -> (count: Int, findings: [Finding]) {
        let (files, known) = try await database.read { access in
            (try PromisedFile.all(of: id, in: access), try EncodingStore.sums(of: id, in: access))
        }
        var (findings, new): ([Finding], [BlobKey: [UInt8]]) = ([], [:])
        // bound: the files of one video
        for file in files {
            do {
                let sum = try await check(file, against: known[file.key])
                if known[file.key] == nil, let sum { new[file.key] = sum }
            } catch let finding as Wrong {
                findings.append(Finding(file: file, isMissing: finding.isMissing, words: finding.words))
            }
        }
        if !new.isEmpty {
            try await database.write { [new] in try EncodingStore.setSums(new, of: id, in: $0) }
        }
        return (files.count, findings)
    }

    private struct Wrong: Error {
        var isMissing = false
        var words: String
    }

    /// - Returns: the sum of what is there; nil where it is too large to be known by one.
    private func check(_ file: PromisedFile, against known: [UInt8]?) async throws -> [UInt8]? {
        guard let byteCount = try await blobs.size(of: file.key) else {
            throw Wrong(isMissing: true, words: "is missing")
        }
        // It goes as soon as all is made from it.
        if file.kind == .mezzanine { return nil }
        guard byteCount <= Self.mostBytes else { throw Wrong(words: "is larger than it can be") }
        let bytes: [UInt8]
        do { bytes = try await blobs.read(file.key) } catch StorageError.missing {
            throw Wrong(isMissing: true, words: "is missing")
        } catch StorageError.outOfRange {
            throw Wrong(words: "is shorter than it was")
        }
        let sum = SegmentSums.sum(of: bytes)
        if let known, known != sum { throw Wrong(words: "is not what was made") }
        guard Self.isWell(bytes, file) else { throw Wrong(words: "is not what it should be") }
        return sum
    }

    private static func isWell(_ bytes: [UInt8], _ file: PromisedFile) -> Bool {
        switch file.kind {
        case .initSegment: return boxes(of: bytes).map { $0.contains("ftyp") && $0.contains("moov") } ?? false
        case .segment(_, let number, _):
            var plain = bytes
            if let secret = file.secret {
                let vector = SegmentCipher.initializationVector(of: number)
                guard let opened = try? AES128CBC.decrypt(key: secret, iv: vector, bytes) else { return false }
                plain = opened
            }
            return boxes(of: plain).map { $0.contains("moof") && $0.contains("mdat") } ?? false
        case .picture(.thumbnail), .picture(.storyboard):
            return bytes.starts(with: [0xFF, 0xD8]) && bytes.suffix(2) == [0xFF, 0xD9]
        case .picture(.storyboardCues), .captions: return bytes.starts(with: Array("WEBVTT".utf8))
        case .mezzanine: return true
        }
    }

    /// The types of the boxes that a file consists of; nil where they do not end with it.
    private static func boxes(of bytes: [UInt8]) -> [String]? {
        var (types, start): ([String], Int) = ([], 0)
        while start < bytes.count {
            guard bytes.count - start >= 8 else { return nil }
            let size = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
            guard (8...bytes.count - start).contains(size) else { return nil }
            types.append(String(decoding: bytes[start + 4..<start + 8], as: UTF8.self))  // bound: a box has 8 bytes
            start += size
        }
        return types
    }
}
