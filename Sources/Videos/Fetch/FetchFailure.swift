import HTTPClient
import Storage

/// Why a file does not come from where it was to be fetched. The codes are part of the contract.
enum FetchFailure: String, Error, Sendable, CaseIterable {
    case page = "source_page"
    case missing = "source_not_found"
    case denied = "source_denied"
    case refused = "source_refused"
    case forbiddenAddress = "source_forbidden"
    case unknownHost = "source_unknown_host"
    case untrusted = "source_untrusted"
    case redirects = "source_redirects"
    case tooLarge = "source_too_large"
    case malformed = "source_malformed"
    case busy = "source_busy"
    case broken = "source_broken"
    case interrupted = "source_interrupted"
    case unreachable = "source_unreachable"
    case noSpace = "insufficient_storage"
    case quota = "quota_exceeded"
    case known = "video_known"
    case uploadForbidden = "upload_not_allowed"
    case content = "source_content"
    case server = "server_error"

    /// Whether it may be over after a pause.
    var isTemporary: Bool {
        switch self {
        case .busy, .broken, .interrupted, .unreachable, .unknownHost, .noSpace, .server: true
        default: false
        }
    }

    var detail: String {
        switch self {
        case .page:
            "This address shows a page, not a film. Open it, and copy the address of its download button or of the file itself."
        case .missing: "The server has nothing at this address. The link may be over; ask for a new one."
        case .denied:
            "The server asks for a sign-in, or this link does not allow downloads. Share the file with everyone who has the link."
        case .refused: "The server refuses to send the file. Try the link in a browser where you are not signed in."
        case .forbiddenAddress:
            "This address, or one that it leads to, is not on the open internet. The administrator can allow networks."
        case .unknownHost: "There is no server of this name. Look whether the address is written correctly."
        case .untrusted: "The server's certificate is not valid for this address, so nothing was taken from it."
        case .redirects: "The address leads on to others and never to a file."
        case .tooLarge: "The file is larger than this server takes."
        case .malformed: "The server's answer is not one that a file can be read from."
        case .busy: "The server asks for patience."
        case .broken: "The server has an error of its own."
        case .interrupted: "The connection was cut, or nothing came for too long."
        case .unreachable: "The server cannot be reached."
        case .noSpace: "This server's disk is full. Ask the administrator for space."
        case .quota: "The file needs more space than you have left. Remove videos, or ask the administrator."
        case .known: "The same file is in your library already."
        case .uploadForbidden: "Your role does not allow uploads any more."
        case .content: "The file cannot become a video."
        case .server: "This server could not store the file. The administrator finds the reason in the log."
        }
    }

    init(_ error: any Error) {
        self =
            switch error {
            case let failure as FetchFailure: failure
            case let error as HTTPClientError: Self(error.code)
            case StorageError.noSpace: .noSpace
            case VideoError.uploadForbidden: .uploadForbidden
            case VideoError.quotaExceeded: .quota
            default: .server
            }
    }

    private init(_ code: HTTPClientError.Code) {
        self =
            switch code {
            case .forbiddenAddress: .forbiddenAddress
            case .unknownHost: .unknownHost
            case .untrustedServer, .handshakeFailed: .untrusted
            case .tooManyRedirects, .forbiddenRedirect: .redirects
            case .bodyTooLarge: .tooLarge
            case .invalidRequest, .invalidURL, .headTooLarge, .malformedResponse: .malformed
            case .cannotConnect, .timedOut(.connect), .timedOut(.firstByte): .unreachable
            case .disconnected, .timedOut(.stalled), .timedOut(.whole): .interrupted
            case .stopping, .library: .server
            }
    }
}
