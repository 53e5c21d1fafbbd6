import Web

/// Why a link opens nothing, or cannot be made.
enum ShareError: Error, Sendable, Equatable {
    /// It never was, was revoked, or whoever made it may not manage the video any more.
    case notFound
    /// Its time is over, or all of its views were taken.
    case over
    case locked
    case wrongPassword
    case notEmbeddable
    case tooMany
}

extension ShareError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound:
            .notFound(
                code: "share_not_found",
                "This link opens nothing. It may have been revoked; ask whoever sent it to you.")
        case .over:
            Problem(
                .gone, code: "share_over",
                detail: "This link is over: its time has passed, or it was watched as often as it may be.")
        case .locked: .forbidden(code: "share_locked", "This link has a password. Send it as password.")
        case .wrongPassword: .forbidden(code: "wrong_password", "The password is not right.")
        case .notEmbeddable:
            .notFound(code: "share_not_embeddable", "This link may not be shown on pages of other sites.")
        case .tooMany:
            .conflict(
                code: "too_many_shares", "A video has at most \(Share.most) links. Revoke some that nobody needs first."
            )
        }
    }
}
