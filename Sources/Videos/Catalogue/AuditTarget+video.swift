import Accounts

extension AuditTarget {
    init(_ video: Video) { self.init(.video, id: "\(video.id)", name: video.title) }
}

extension Video {
    /// What it is made of, as the audit tells it.
    var auditedFile: AuditDetails {
        [
            AuditField(rawValue: "file_name"): .name(fileName),
            AuditField(rawValue: "checksum_sha256"): .name(checksum),
            AuditField(rawValue: "byte_count"): .number(Int(clamping: byteCount)),
        ]
    }

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
