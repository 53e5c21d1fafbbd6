import Accounts
import HTTP
import Web

/// A rendition of a video with its sound as one MP4 file, made while it is sent.
struct DownloadRendition: Sendable {
    let find: FindVideo
    let callers: VideoCallers
    let proofs: UnlockProofs
    let encoding: VideoEncoding

    func callAsFunction(
        _ id: VideoID, _ rendition: String, _ request: Request, by caller: Caller
    ) async throws -> Response {
        guard let video = try await find.stored(id) else { throw VideoError.notFound }
        let viewer = Viewer(caller)
        let isUnlocked = try await proofs.find(of: video, request, viewer) != nil
        try VideoError.check(VideoAccess.decide(viewer, video.subject, .movie, isUnlocked: isUnlocked))
        let movie: VideoMovie.File
        switch try await encoding.movie(video.version, rendition) {
        case .file(let file): movie = file
        case .unavailable(let seconds): throw VideoError.renditionUnavailable(retryAfter: seconds)
        case .missing: throw VideoError.partMissing
        case .mended: throw VideoError.renditionMended
        }
        let name = "\(video.title.replacing("/", with: "-")) \(rendition).mp4"
        return Response(
            headers: [
                .contentType: movie.isVideo ? "video/mp4" : "audio/mp4", .cacheControl: "private, no-store",
                "Content-Disposition": ContentDisposition.attachment(named: name),
            ],
            body: .stream(byteCount: nil) { writer in
                try await movie.write(
                    {
                        // It may take long, and whoever may not have it any more gets no further segment.
                        guard writer.keepsGoing(), let now = try await find.stored(id) else {
                            throw CancellationError()
                        }
                        let viewer = Viewer(try await callers.stillThere(caller))
                        let isUnlocked = isUnlocked && now.passwordHash == video.passwordHash
                        try VideoError.check(VideoAccess.decide(viewer, now.subject, .movie, isUnlocked: isUnlocked))
                    }, { try await writer.write($0) })
            })
    }
}
