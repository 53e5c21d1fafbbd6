import BaseEncoding
import FoundationEssentials

/// What stands in the XML of answers (Amazon S3 API Reference, version 2006-03-01). Untrusted: what is missing or is no
/// number makes an answer that is none.
struct S3Answer {
    let root: XMLElement

    struct Malformed: Error, Equatable {}

    /// - Parameter name: of the root; an `Error` is one whatever was expected, as it may follow the status 200.
    init(_ bytes: [UInt8], _ name: String) throws {
        root = try XMLReader.read(bytes)
        if root.name == "Error", name != "Error" { throw Failure(root) }
        guard root.name == name else { throw Malformed() }
    }

    // MARK: Failures

    struct Failure: Error, Equatable {
        /// Such as `NoSuchKey`; letters and digits only.
        let code: String
        /// For people, cut to a line.
        let message: String
        let requestID: String?

        init(_ element: XMLElement) {
            code = String(element["Code"]?.text.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(64) ?? "")
            message = S3Answer.plain(element["Message"]?.text ?? "", most: 200)
            requestID = element["RequestId"].map { S3Answer.plain($0.text, most: 64) }
        }
    }

    /// Nil when the body of an answer does not say what went wrong.
    static func failure(_ bytes: [UInt8]) -> Failure? {
        guard let root = try? XMLReader.read(bytes), root.name == "Error" else { return nil }
        return Failure(root)
    }

    static func plain(_ text: String, most: Int) -> String {
        String(text.unicodeScalars.prefix(most).map { (0x20..<0x7F).contains($0.value) ? Character($0) : " " })
    }

    // MARK: Results

    /// `InitiateMultipartUploadResult`
    func uploadID() throws -> String { try text("UploadId", of: root) }

    /// `CopyObjectResult`, `CopyPartResult`, `CompleteMultipartUploadResult`
    func etag() throws -> String { try Self.quoted(text("ETag", of: root)) }

    /// `ListBucketResult`, keys with the location's prefix.
    func objects() throws -> (items: [S3Object], next: S3Cursor?) {
        let items = try root.all("Contents").map { element in
            S3Object(
                key: try text("Key", of: element), byteCount: try number("Size", of: element),
                etag: try Self.quoted(text("ETag", of: element)),
                modified: element["LastModified"].flatMap { Self.time($0.text) })
        }
        return (items, try nextPage())
    }

    /// The same list with what is behind the next `/` left out: folders end with it, objects do not.
    func names() throws -> (items: [String], next: S3Cursor?) {
        let objects = try root.all("Contents").map { try text("Key", of: $0) }
        let folders = try root.all("CommonPrefixes").map { try text("Prefix", of: $0) }
        return (objects + folders, try nextPage())
    }

    private func nextPage() throws -> S3Cursor? {
        guard isTruncated else { return nil }
        return S3Cursor(query: ["continuation-token": try text("NextContinuationToken", of: root)])
    }

    /// `ListMultipartUploadsResult`, keys with the location's prefix.
    func uploads() throws -> (items: [S3BegunUpload], next: S3Cursor?) {
        let items = try root.all("Upload").map { element in
            S3BegunUpload(
                upload: S3Upload(key: try text("Key", of: element), id: try text("UploadId", of: element)),
                begun: element["Initiated"].flatMap { Self.time($0.text) })
        }
        guard isTruncated else { return (items, nil) }
        return (
            items,
            S3Cursor(query: [
                "key-marker": try text("NextKeyMarker", of: root),
                "upload-id-marker": root["NextUploadIdMarker"]?.text ?? "",
            ])
        )
    }

    struct ListedPart {
        let part: S3Part
        /// As the server writes it; of one server's times the later one stands behind the other in the alphabet.
        let modified: String
    }

    /// `ListPartsResult`
    func parts() throws -> (items: [ListedPart], next: Int?) {
        let items = try root.all("Part").map { element in
            let part = S3Part(
                number: try number("PartNumber", of: element), etag: try Self.quoted(text("ETag", of: element)),
                byteCount: try number("Size", of: element))
            return ListedPart(part: part, modified: element["LastModified"]?.text ?? "")
        }
        return (items, isTruncated ? try number("NextPartNumberMarker", of: root) : nil)
    }

    /// `DeleteResult`: what was not deleted, keys with the location's prefix.
    func undeleted() -> [(key: String, failure: Failure)] {
        root.all("Error").map { ($0["Key"]?.text ?? "", Failure($0)) }
    }

    // MARK: Values

    private var isTruncated: Bool { root["IsTruncated"]?.text == "true" }

    private func text(_ name: String, of element: XMLElement) throws -> String {
        guard let text = element[name]?.text, !text.isEmpty else { throw Malformed() }
        return text
    }

    private func number(_ name: String, of element: XMLElement) throws -> Int {
        guard let number = Int(try text(name, of: element)), number >= 0 else { throw Malformed() }
        return number
    }

    /// Some servers leave out the quotation marks where others write them.
    static func quoted(_ etag: String) -> String { etag.hasPrefix("\"") ? etag : "\"\(etag)\"" }

    /// `2026-11-30T05:34:37.000Z`, to the second.
    private static func time(_ text: String) -> Int? {
        (try? Date(String(text.prefix(19)) + "Z", strategy: .iso8601)).map { Int($0.timeIntervalSince1970) }
    }

    /// One part of each number, in their order.
    static func latest(_ parts: [ListedPart]) -> [S3Part] {
        Dictionary(grouping: parts, by: \.part.number).values.compactMap { same in
            let newest = same.map(\.modified).max()
            let candidates = same.filter { $0.modified == newest }.map(\.part)
            return candidates.allSatisfy { $0 == candidates.first } ? candidates.first : nil
        }.sorted { $0.number < $1.number }
    }
}

/// SHA-256 as S3 writes it: in base64. That of an object made of parts has a hyphen and their number behind it, and is one
/// of the parts' checksums: it says nothing about the whole.
enum S3Checksum {
    static func read(_ text: String) -> [UInt8]? {
        guard let bytes = Base64.standard.decode(text), bytes.count == 32 else { return nil }
        return bytes
    }
}
