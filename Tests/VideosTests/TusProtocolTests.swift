import Testing

@testable import Videos

@Suite("tus 1.0.0")
struct TusProtocolTests {
    static let creation = ["tus-resumable": "1.0.0", "upload-length": "100"]
    static let chunk = [
        "tus-resumable": "1.0.0", "upload-offset": "5", "content-type": "application/offset+octet-stream",
    ]

    func create(_ extra: [String: String?] = [:]) throws(TusError) -> TusProtocol.Creation {
        var headers: [String: String] = Self.creation
        for (name, value) in extra { headers[name] = value }
        return try TusProtocol.creation({ headers[$0] }, maximum: 1000)
    }

    func append(_ extra: [String: String?] = [:]) throws(TusError) -> TusProtocol.Append {
        var headers: [String: String] = Self.chunk
        for (name, value) in extra { headers[name] = value }
        return try TusProtocol.append { headers[$0] }
    }

    @Test("A creation tells length and metadata")
    func creation() throws {
        let creation = try create(["upload-metadata": "filename YS5tcDQ=,is_hidden"])
        #expect(creation.byteCount == 100)
        #expect(creation.metadata.values == ["filename": "a.mp4", "is_hidden": ""])
        #expect(!creation.carriesChunk)
    }

    @Test(
        "A creation that cannot be is refused for its own reason",
        arguments: [
            ("tus-resumable", nil, TusError.unsupportedVersion), ("tus-resumable", "0.2.2", .unsupportedVersion),
            ("upload-length", nil, .missingLength), ("upload-length", "-1", .invalidLength),
            ("upload-length", "+1", .invalidLength), ("upload-length", "1e3", .invalidLength),
            ("upload-length", "99999999999999999999", .invalidLength), ("upload-length", "", .invalidLength),
            ("upload-length", "0", .emptyFile), ("upload-length", "1001", .tooLarge(maximum: 1000)),
            ("upload-defer-length", "1", .deferredLength), ("upload-metadata", "a b c", .invalidMetadata),
        ] as [(String, String?, TusError)])
    func refusedCreation(header: String, value: String?, error: TusError) {
        #expect(throws: error) { try create([header: value]) }
    }

    @Test("A creation with a body carries the first chunk, checked if it says so")
    func creationWithUpload() throws {
        let type = "application/offset+octet-stream"
        #expect(try create(["content-type": type]).carriesChunk)
        let checked = try create(["content-type": type, "upload-checksum": "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="])
        #expect(checked.checksum?.algorithm == .sha1)
        #expect(try create(["content-type": "text/plain"]).carriesChunk == false)
    }

    @Test("A chunk tells its offset")
    func chunk() throws {
        #expect(try append() == TusProtocol.Append(offset: 5, checksum: nil))
        #expect(try append(["content-type": "Application/Offset+Octet-Stream; charset=x"]).offset == 5)
    }

    @Test(
        "A chunk that cannot be is refused for its own reason",
        arguments: [
            ("tus-resumable", "2.0.0", TusError.unsupportedVersion), ("content-type", nil, .wrongContentType),
            ("content-type", "video/mp4", .wrongContentType), ("upload-offset", nil, .missingOffset),
            ("upload-offset", "five", .invalidOffset), ("upload-checksum", "md5 AAAA", .unsupportedChecksum),
            ("upload-checksum", "sha1", .invalidChecksum), ("upload-checksum", "sha1 AAAA", .invalidChecksum),
            ("upload-checksum", "sha256 !!!!", .invalidChecksum),
        ] as [(String, String?, TusError)])
    func refusedChunk(header: String, value: String?, error: TusError) {
        #expect(throws: error) { try append([header: value]) }
    }

    @Test(
        "Metadata that breaks the grammar is refused",
        arguments: ["a !", ",", "a YQ==,", "a YQ==,a Yg==", "a /////w==", "\u{1} YQ==", "ä YQ=="])
    func brokenMetadata(header: String) {
        #expect(throws: TusError.invalidMetadata) { try UploadMetadata(parsing: header) }
    }

    @Test("Metadata survives being written and read again")
    func metadataRoundTrip() throws {
        let metadata = UploadMetadata(values: ["filename": "пример 😀.mp4", "title": "a,b c", "empty": ""])
        #expect(try UploadMetadata(parsing: metadata.header) == metadata)
        #expect(try UploadMetadata(parsing: "").values.isEmpty)
    }

    @Test("Every refusal has a code of its own shape and a helpful text")
    func texts() {
        let errors: [TusError] = [
            .unsupportedVersion, .deferredLength, .missingLength, .invalidLength, .emptyFile, .tooLarge(maximum: 1),
            .invalidMetadata, .wrongContentType, .missingOffset, .invalidOffset, .offsetConflict(current: 1),
            .beyondLength, .unsupportedChecksum, .invalidChecksum, .checksumMismatch, .notFound,
        ]
        for error in errors {
            #expect((400..<500).contains(error.status.code))
            #expect(error.code.allSatisfy { $0.isLowercase || $0 == "_" || $0.isNumber })
            #expect(!error.title.isEmpty && error.detail.hasSuffix("."))
        }
        #expect(Set(errors.map(\.code)).count == errors.count)
    }
}
