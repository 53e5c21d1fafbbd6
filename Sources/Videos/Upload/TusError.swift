import HTTP

/// Why a tus request is refused. Each has its status and a stable code.
enum TusError: Error, Equatable, Sendable {
    case unsupportedVersion
    case deferredLength
    case missingLength
    case invalidLength
    case emptyFile
    case tooLarge(maximum: Int64)
    case invalidMetadata
    case wrongContentType
    case missingOffset
    case invalidOffset
    /// The upload stands at another offset than the one the chunk was sent for.
    case offsetConflict(current: Int64)
    case beyondLength
    case unsupportedChecksum
    case invalidChecksum
    case checksumMismatch
    /// Another request took this upload over while this one was still sending.
    case superseded
    case notFound

    var status: Response.Status {
        switch self {
        case .unsupportedVersion: .preconditionFailed
        case .deferredLength, .missingLength, .invalidLength, .invalidMetadata, .missingOffset, .invalidOffset,
            .unsupportedChecksum, .invalidChecksum:
            .badRequest
        case .emptyFile: .unprocessableContent
        case .tooLarge, .beyondLength: .contentTooLarge
        case .wrongContentType: .unsupportedMediaType
        case .offsetConflict: .conflict
        case .checksumMismatch: .checksumMismatch
        case .superseded: .conflict
        case .notFound: .notFound
        }
    }

    var code: String {
        switch self {
        case .unsupportedVersion: "tus_version_unsupported"
        case .deferredLength: "upload_length_deferred"
        case .missingLength: "upload_length_missing"
        case .invalidLength: "upload_length_invalid"
        case .emptyFile: "empty_file"
        case .tooLarge: "file_too_large"
        case .invalidMetadata: "upload_metadata_invalid"
        case .wrongContentType: "unsupported_media_type"
        case .missingOffset: "upload_offset_missing"
        case .invalidOffset: "upload_offset_invalid"
        case .offsetConflict: "upload_offset_conflict"
        case .beyondLength: "upload_beyond_length"
        case .unsupportedChecksum: "checksum_algorithm_unsupported"
        case .invalidChecksum: "checksum_invalid"
        case .checksumMismatch: "checksum_mismatch"
        case .superseded: "upload_taken_over"
        case .notFound: "upload_not_found"
        }
    }

    var title: String {
        switch self {
        case .unsupportedVersion: "Unsupported tus version"
        case .deferredLength, .missingLength, .invalidLength: "Upload-Length is needed"
        case .emptyFile: "The file is empty"
        case .tooLarge: "The file is too large"
        case .invalidMetadata: "Upload-Metadata cannot be read"
        case .wrongContentType: "Wrong content type"
        case .missingOffset, .invalidOffset: "Upload-Offset is needed"
        case .offsetConflict: "The upload stands at another offset"
        case .beyondLength: "More bytes than announced"
        case .unsupportedChecksum, .invalidChecksum: "Upload-Checksum cannot be used"
        case .checksumMismatch: "The chunk arrived damaged"
        case .superseded: "The upload was taken over"
        case .notFound: "No such upload"
        }
    }

    var detail: String {
        switch self {
        case .unsupportedVersion: "Send Tus-Resumable: \(TusProtocol.version)."
        case .deferredLength: "The length must be known when the upload is created; Upload-Defer-Length is not offered."
        case .missingLength, .invalidLength: "Send Upload-Length with the size of the file in bytes."
        case .emptyFile: "The file has no bytes. Choose the file again; it may not have been saved completely."
        case .tooLarge(let maximum): "Files up to \(maximum) bytes are accepted."
        case .invalidMetadata: "Send pairs of a key and a base64 value in UTF-8, separated by commas."
        case .wrongContentType: "Chunks are sent as \(TusProtocol.chunkType)."
        case .missingOffset, .invalidOffset: "Send Upload-Offset with the position of the first byte of the chunk."
        case .offsetConflict(let current): "Go on from byte \(current)."
        case .beyondLength: "The chunk reaches past the Upload-Length that was announced."
        case .unsupportedChecksum: "Use sha1 or sha256."
        case .invalidChecksum: "Send the algorithm, a space and the digest in base64."
        case .checksumMismatch: "The chunk was dropped; send it again."
        case .superseded: "A newer request goes on with this upload. Ask for the offset before sending again."
        case .notFound: "It was finished, ended or has expired. Start a new upload."
        }
    }
}

extension Response.Status {
    /// Of tus alone (tus 1.0.0, Checksum).
    fileprivate static var checksumMismatch: Self { Self(code: 460, reason: "Checksum Mismatch") }
}
