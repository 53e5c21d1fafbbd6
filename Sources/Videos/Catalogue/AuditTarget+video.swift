import Accounts

extension AuditTarget {
    init(_ video: Video) { self.init(.video, id: "\(video.id)", name: video.title) }
}

extension Video {
    /// Who may see it, as the audit tells it.
    var auditedVisibility: AuditDetails {
        var details: AuditDetails = [
            .isHidden: .flag(isHidden), .isPremium: .flag(isPremium), .hasPassword: .flag(passwordHash != nil),
            .groups: .names(groups.map(\.description)),
        ]
        details[AuditField(rawValue: "downloads")] = .name(downloads.rawValue)
        return details
    }
}
