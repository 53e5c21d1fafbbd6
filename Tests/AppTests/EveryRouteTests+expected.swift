import Accounts
import Web

/// What a route answers, as the table of rules and the kind of video have it.
extension EveryRouteTests {
    /// The status, and for a refusal its code.
    struct Outcome: Sendable, Equatable {
        var status: Int
        var code: String?
    }

    /// For whom a video is, before its password is asked for.
    struct Visibility: Sendable {
        var premium = false
        var hidden = false
        /// It is for a group, in which only the person with the role premium is.
        var restricted = false

        func isSeen(by role: Role) -> Bool {
            if role == .admin { return true }
            return !hidden && (!premium || role >= .premium) && (!restricted || role == .premium)
        }
    }

    static let visibilities = [
        Visibility(), Visibility(premium: true), Visibility(hidden: true), Visibility(restricted: true),
    ]

    static func expected(_ rule: Rule, _ route: Route, _ role: Role?, _ visibility: Visibility) -> Outcome {
        let letIn = Outcome(status: rule.status, code: rule.status < 400 ? nil : complaint(route, rule.status))
        if case .anyone = rule.door { return letIn }
        guard let role else {
            return Outcome(status: 401, code: route.path.contains("{grant}") ? "grant_expired" : "unauthorized")
        }
        let sees = visibility.isSeen(by: role)
        let isHidden = Outcome(status: 404, code: "video_not_found")
        switch rule.door {
        case .anyone, .person: return letIn
        case .administrator: return role == .admin ? letIn : Outcome(status: 403, code: "forbidden")
        case .creator: return role >= .creator ? letIn : Outcome(status: 403, code: "forbidden")
        case .uploader: return role >= .creator ? letIn : Outcome(status: 403, code: "upload_not_allowed")
        case .viewer: return sees ? letIn : isHidden
        case .trashKeeper: return role == .admin ? letIn : isHidden
        // The videos are the administrator's.
        case .keeper:
            if role == .admin { return letIn }
            return sees ? Outcome(status: 403, code: "forbidden") : isHidden
        }
    }

    /// The code that is answered to who is let in, nil with a page, where what they ask for is not there or will not do.
    static func complaint(_ route: Route, _ status: Int) -> String? {
        let closed = ["POST /api/v1/auth/register", "POST /api/v1/admin/invitations"]
        if closed.contains(route.description) { return "registration_closed" }
        if route.path.hasPrefix("/api/v1/auth/me") { return "removal_closed" }
        if status == 409 { return "otp_not_set_up" }
        guard status == 404 else {
            return route.description == "POST /api/v1/videos" ? "not_a_video" : "validation_failed"
        }
        if route.path.hasPrefix("/s/") || route.path.hasPrefix("/embed/") { return nil }
        if route.path.contains("/shares") { return "share_not_found" }
        if route.path.contains("/captions/{language}") { return "captions_not_found" }
        if route.path.hasSuffix("/transcript") { return "transcript_not_found" }
        if route.path.contains("/oidc/") { return "provider_not_found" }
        if route.path.contains("/identities/") { return "identity_not_found" }
        if route.path.hasPrefix("/docs/") { return "not_found" }
        if route.path.hasPrefix("/api/v1/categories") || route.path.hasPrefix("/api/v1/people") {
            return "term_not_found"
        }
        if route.path.contains("/groups/") { return "group_not_found" }
        if route.path.contains("/invitations/") { return "invitation_not_found" }
        if route.path.contains("/verifications/") { return "registration_not_found" }
        if route.path.contains("/verify") || route.path.hasSuffix("/password/reset") { return "link_not_found" }
        return route.path.contains("/sessions/") ? "session_not_found" : "user_not_found"
    }
}
