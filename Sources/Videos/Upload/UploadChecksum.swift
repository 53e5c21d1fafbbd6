import FoundationEssentials

/// An `Upload-Checksum` header (tus 1.0.0, checksum): the algorithm and the expected digest of one chunk.
struct UploadChecksum: Equatable, Sendable {
    enum Algorithm: String, CaseIterable, Sendable {
        case sha1, sha256

        var byteCount: Int { self == .sha1 ? 20 : 32 }
    }

    var algorithm: Algorithm
    var digest: [UInt8]

    /// The value of `Tus-Checksum-Algorithm`.
    static var offered: String { Algorithm.allCases.map(\.rawValue).joined(separator: ",") }

    init(algorithm: Algorithm, digest: [UInt8]) {
        self.algorithm = algorithm
        self.digest = digest
    }

    init(parsing header: String) throws(TusError) {
        let words = header.split(separator: " ")
        guard words.count == 2 else { throw .invalidChecksum }
        guard let algorithm = Algorithm(rawValue: words[0].lowercased()) else { throw .unsupportedChecksum }
        guard let data = Data(base64Encoded: String(words[1])), data.count == algorithm.byteCount else {
            throw .invalidChecksum
        }
        self.algorithm = algorithm
        digest = [UInt8](data)
    }
}
