import Accounts

extension AuditTarget {
    init(_ video: Video) { self.init(.video, id: "\(video.id)", name: video.title) }
}

extension Video {
    /// Who may see it, as the audit tells it.
    var auditedVisibility: AuditDetails {
        [.isHidden: .flag(isHidden), .isPremium: .flag(isPremium), .hasPassword: .flag(passwordHash != nil)]
    }
}
