import HTTP
import Reactor
import Web

/// What can go wrong in this room, with its public code.
enum VideoError: Error, Sendable, Equatable {
    case signInNeeded
    case notFound
    case forbidden
    case locked
    case uploadForbidden
    case sandboxUnavailable
    case wrongPassword
    case tooManyPasswords(TooManyAttempts)
    case grantInvalid
    case grantExpired
    case fileMissing
    case tooManyUploads
    /// `room`: bytes that may still come.
    case quotaExceeded(room: Int64)
    case tooManyStreams
    case fetchUnavailable
    case addressForgotten
    case uploadLocked
    case fileTooLarge(maximum: Int64)
    case uploadRefused(RefusedContent)
    case notPlayable(Video.Status)
    case partUnavailable(retryAfter: Int)
    case partMissing
    case partFailed
    case pictureUnavailable(retryAfter: Int)
    case tooManyPictures(TooManyAttempts)
    /// Of sound alone.
    case noFrames
    case featuringForbidden
    case renditionUnavailable(retryAfter: Int)
    case renditionMended
    case originalMissing
    /// Its owner has uploaded the same bytes again meanwhile.
    case sameBytesThere
    /// The file that is to replace another one is that of a video already.
    case sameBytesHere
    case replacementUnderWay
    /// By somebody else, since what is to be undone.
    case changedMeanwhile
    case nothingToReplace

    static func check(_ decision: VideoAccess.Decision) throws(VideoError) {
        switch decision {
        case .allowed: return
        case .signInNeeded: throw .signInNeeded
        case .hidden: throw .notFound
        case .forbidden: throw .forbidden
        case .locked: throw .locked
        }
    }
}

extension VideoError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .signInNeeded: .unauthorized()
        case .notFound: .notFound(code: "video_not_found", "There is no such video.")
        case .forbidden: .forbidden(code: "forbidden", "Only its owner and administrators may do this.")
        case .locked: .forbidden(code: "video_locked", "This video has a password. Unlock it first.")
        case .uploadForbidden: .forbidden(code: "upload_not_allowed", "Your role does not allow uploads.")
        case .sandboxUnavailable:
            Problem(
                .serviceUnavailable, code: "sandbox_unavailable",
                detail: "This server cannot read uploads safely. Its administrator finds the reason in the log.",
                retryAfter: .seconds(600))
        case .wrongPassword: .forbidden(code: "wrong_password", "The password is not right.")
        case .tooManyPasswords(let error):
            .tooManyRequests(code: "too_many_attempts", retryAfter: error.retryAfter, limit: error.limit)
        case .grantInvalid: .unauthorized(code: "grant_invalid", "The token in the address is not one of this server.")
        case .grantExpired: .unauthorized(code: "grant_expired", "The token in the address is over. Play again.")
        case .fileMissing: .invalid(field: "file", code: "required", "Send the video as the part named file.")
        case .tooManyUploads:
            Problem(
                .tooManyRequests, code: "too_many_uploads",
                detail: "Too many of your uploads are unfinished. Finish or cancel some first.",
                retryAfter: .seconds(60))
        case .fetchUnavailable:
            Problem(
                .serviceUnavailable, code: "fetch_unavailable",
                detail:
                    "This server has no libcurl, which fetches files. Send the file itself, or tell the administrator.",
                retryAfter: .seconds(600))
        case .addressForgotten:
            .conflict(
                code: "address_forgotten",
                "The address of the file held a password or a query, which are not kept after a failure. Add the video by its address again."
            )
        case .tooManyStreams:
            Problem(
                .tooManyRequests, code: "too_many_streams",
                detail: "Too many streams of events are open. Close some of the pages that follow videos.",
                retryAfter: .seconds(30))
        case .uploadLocked:
            Problem(
                .locked, code: "upload_locked", detail: "Another request is still sending to this upload.",
                retryAfter: .seconds(2))
        case .quotaExceeded(let room):
            Problem(
                .contentTooLarge, code: "quota_exceeded", title: "Your space is used up",
                detail:
                    "Of the space that you may use, \(room) bytes are left. Remove videos for good, or ask the administrator."
            )
        case .fileTooLarge(let maximum): TusError.tooLarge(maximum: maximum).problem
        case .uploadRefused(let refusal): refusal.problem
        case .notPlayable(let status): Self.notPlayable(status)
        case .partUnavailable(let seconds):
            Problem(
                .serviceUnavailable, code: "segment_not_ready", detail: "This part is being made. Ask again soon.",
                retryAfter: .seconds(seconds))
        case .renditionUnavailable(let seconds):
            Problem(
                .serviceUnavailable, code: "rendition_not_ready",
                detail: "Not all of this quality is made yet. Take another one, or ask again soon.",
                retryAfter: .seconds(seconds))
        case .renditionMended:
            .conflict(
                code: "rendition_not_downloadable",
                "Damaged places of this quality were replaced by pictures that one file cannot hold. Take another quality."
            )
        case .pictureUnavailable(let seconds):
            Problem(
                .serviceUnavailable, code: "picture_not_ready",
                detail: "This picture cannot be made yet, or too many are being made. Ask again soon.",
                retryAfter: .seconds(seconds))
        case .tooManyPictures(let error): .tooManyRequests(retryAfter: error.retryAfter, limit: error.limit)
        case .noFrames:
            .invalid(
                field: "time", code: "no_frames", "This is sound, in which nothing is seen. Upload a picture instead.")
        case .featuringForbidden:
            .forbidden(code: "forbidden", "Only administrators choose what is shown first.")
        case .partMissing: .notFound(code: "part_not_found", "The video has no such part.")
        case .partFailed:
            .notFound(code: "part_failed", "This part could not be made. The owner can try the work again.")
        case .sameBytesThere:
            .conflict(
                code: "video_exists",
                "The same file was uploaded again while this video was in the trash. Remove that video first, or leave this one."
            )
        case .sameBytesHere:
            .conflict(
                code: "video_exists",
                "This file is a video already, this one or another one of the same owner. Nothing was replaced.")
        case .replacementUnderWay:
            .conflict(
                code: "replacement_under_way",
                "Another file for this video is on its way or being made ready. Wait until it is there, or cancel it first."
            )
        case .changedMeanwhile:
            .conflict(
                code: "changed_meanwhile",
                "This was changed again meanwhile. It stays as it is now; change it by itself.")
        case .nothingToReplace:
            .conflict(
                code: "nothing_to_replace",
                "The first file of this video is still being fetched. Wait for it, or remove the video.")
        case .originalMissing:
            .notFound(
                code: "original_not_found",
                "The file that this video was made of is not in the storage any more. The administrator may have a backup."
            )
        }
    }

    private static func notPlayable(_ status: Video.Status) -> Problem {
        if status == .failed {
            return .conflict(code: "video_failed", "The video could not be made playable.")
        }
        return Problem(
            .serviceUnavailable, code: "video_not_ready", detail: "The video is not playable yet.",
            retryAfter: .seconds(2))
    }
}

extension RefusedContent: ProblemConvertible {
    public var problem: Problem { Problem(.unprocessableContent, code: code.rawValue, title: title, detail: detail) }
}

extension TusError: ProblemConvertible {
    var problem: Problem {
        var problem = Problem(status, code: code, title: title, detail: detail)
        if self == .unsupportedVersion { problem.headers.append("Tus-Version", TusProtocol.version) }
        return problem
    }
}

extension VideoDetails.Invalid: ProblemConvertible {
    public var problem: Problem {
        .invalid(refusals.map { FieldProblem(field: $0.field, code: $0.code, detail: $0.detail) })
    }
}
