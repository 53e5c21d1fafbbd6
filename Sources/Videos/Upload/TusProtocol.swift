import HTTP

/// The tus 1.0.0 resumable upload protocol as values: a request's headers go in, what it asks for comes out.
///
/// Nothing here reads, writes or waits; `UploadRoutes.swift` performs what is decided here.
enum TusProtocol {
    static let version = "1.0.0"
    static let extensions = "creation,creation-with-upload,termination,checksum,expiration"
    static let chunkType = "application/offset+octet-stream"

    /// The fields that a client sends and those that it reads, beside HTTP's own.
    static let requestFields: [FieldName] = [
        "Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Checksum",
    ]
    static let responseFields: [FieldName] = [
        "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Upload-Offset", "Upload-Length",
        "Upload-Expires", "Palco-Video-Id",
    ]

    /// Reads one header of a request by its lower-case name.
    typealias HeaderLookup = (_ name: String) -> String?

    /// A `POST` that makes an upload, with or without its first bytes.
    struct Creation: Equatable, Sendable {
        var byteCount: Int64
        var metadata: UploadMetadata
        /// True where the body of the request is the first chunk ("creation-with-upload").
        var carriesChunk: Bool
        var checksum: UploadChecksum?
    }

    /// A `PATCH` that appends to an upload.
    struct Append: Equatable, Sendable {
        var offset: Int64
        var checksum: UploadChecksum?
    }

    /// Refuses a client that speaks another version of the protocol.
    static func requireVersion(_ header: HeaderLookup) throws(TusError) {
        guard header("tus-resumable") == version else { throw .unsupportedVersion }
    }

    static func creation(_ header: HeaderLookup, maximum: Int64) throws(TusError) -> Creation {
        try requireVersion(header)
        guard header("upload-defer-length") == nil else { throw .deferredLength }
        guard let text = header("upload-length") else { throw .missingLength }
        guard let byteCount = number(text) else { throw .invalidLength }
        guard byteCount > 0 else { throw .emptyFile }
        guard byteCount <= maximum else { throw .tooLarge(maximum: maximum) }
        let metadata = try UploadMetadata(parsing: header("upload-metadata") ?? "")
        let carriesChunk = mediaType(header("content-type")) == chunkType
        return Creation(
            byteCount: byteCount, metadata: metadata, carriesChunk: carriesChunk,
            checksum: carriesChunk ? try checksum(header) : nil)
    }

    static func append(_ header: HeaderLookup) throws(TusError) -> Append {
        try requireVersion(header)
        guard mediaType(header("content-type")) == chunkType else { throw .wrongContentType }
        guard let text = header("upload-offset") else { throw .missingOffset }
        guard let offset = number(text) else { throw .invalidOffset }
        return Append(offset: offset, checksum: try checksum(header))
    }

    private static func checksum(_ header: HeaderLookup) throws(TusError) -> UploadChecksum? {
        guard let text = header("upload-checksum") else { return nil }
        return try UploadChecksum(parsing: text)
    }

    /// Digits only: `Int64("+5")` would take a sign that the protocol does not know.
    private static func number(_ text: String) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int64(text)
    }

    private static func mediaType(_ contentType: String?) -> String? {
        guard let contentType else { return nil }
        let type = contentType.prefix { $0 != ";" }
        return type.trimmingSpaces().lowercased()
    }
}

extension StringProtocol {
    /// The text without spaces and tabs at both ends.
    func trimmingSpaces() -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}
