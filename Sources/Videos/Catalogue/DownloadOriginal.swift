import Accounts
import HTTP
import Storage
import Web

/// The file that a video was made of, as it was uploaded, for those who may change the video, and where its owner lets them, for all who
/// may watch it.
struct DownloadOriginal: Sendable {
    let find: FindVideo
    let proofs: UnlockProofs
    let storage: StorageServices
    let audit: AuditLog

    func callAsFunction(
        _ id: VideoID, _ request: Request, for viewer: Viewer, by origin: AuditOrigin
    ) async throws -> Response {
        guard let video = try await find.stored(id) else { throw VideoError.notFound }
        let isUnlocked = try await proofs.find(of: video, request, viewer) != nil
        try VideoError.check(VideoAccess.decide(viewer, video.subject, .original, isUnlocked: isUnlocked))
        guard let key = video.version.original, let blob = try await storage.blobs.find(key) else {
            throw VideoError.originalMissing
        }
        if request.method == .get {
            // Before the first byte leaves; the parts of one download are one.
            try await audit.recordReading(AuditEvent(.originalDownloaded, of: AuditTarget(video), by: origin))
        }
        // Whatever it is, a browser keeps it and shows nothing.
        let type = "application/octet-stream"
        let disposition = ContentDisposition.attachment(named: video.fileName)
        var response: Response
        // The address is signed for GET alone.
        if request.method == .get,
            let address = try await storage.downloadAddress(of: key, disposition: disposition, type: type)
        {
            response = .redirect(to: address, status: .temporaryRedirect)
            response.headers[.cacheControl] = "private, no-store"
            return response
        }
        // Whatever store it lies in, and wherever it moves: the same bytes have the same tag.
        let tag = EntityTag(video.checksum)
        if let file = blob.file {
            response = .file(file, type: type, etag: tag)
        } else {
            response = .stream(byteCount: blob.byteCount, type: type, etag: tag, answering: request) { range, writer in
                try await blob.read(range) { try await writer.write($0) }
            }
        }
        response.headers["Content-Disposition"] = disposition
        response.headers[.cacheControl] = "private, no-cache"
        return response
    }
}
