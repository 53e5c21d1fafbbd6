import FoundationEssentials

/// The pairs of an `Upload-Metadata` header (tus 1.0.0, creation): keys in ASCII, values UTF-8 text in base64.
public struct UploadMetadata: Equatable, Sendable {
    /// Values by key; a key sent without a value has an empty one.
    public private(set) var values: [String: String]

    public init(values: [String: String] = [:]) {
        self.values = values
    }

    public subscript(key: String) -> String? { values[key] }

    static let mostPairs = 64
    /// The longest key, in bytes.
    static let keyLimit = 128

    /// - Throws: `TusError.invalidMetadata` for a doubled, empty or very long key, too many pairs, bad base64 and text
    ///   that is not UTF-8.
    init(parsing header: String) throws(TusError) {
        values = [:]
        if header.trimmingSpaces().isEmpty { return }
        let pairs = header.split(separator: ",", maxSplits: Self.mostPairs, omittingEmptySubsequences: false)
        guard pairs.count <= Self.mostPairs else { throw .invalidMetadata }
        for pair in pairs {
            let words = pair.trimmingSpaces().split(separator: " ", omittingEmptySubsequences: true)
            guard let key = words.first, words.count <= 2, key.utf8.count <= Self.keyLimit,
                key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { throw .invalidMetadata }
            let value = words.count == 2 ? try Self.decode(words[1]) : ""
            guard values.updateValue(value, forKey: String(key)) == nil else { throw .invalidMetadata }
        }
    }

    private static func decode(_ base64: Substring) throws(TusError) -> String {
        guard let data = Data(base64Encoded: String(base64)), let text = String(validating: data, as: UTF8.self) else {
            throw .invalidMetadata
        }
        return text
    }

    /// The same pairs as a header, keys in order, so that a stored upload can answer `HEAD` with them.
    var header: String {
        values.sorted { $0.key < $1.key }
            .map { key, value in value.isEmpty ? key : "\(key) \(Data(value.utf8).base64EncodedString())" }
            .joined(separator: ",")
    }
}
