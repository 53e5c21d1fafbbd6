import SQL

/// What can be found in the audit. The raw values are kept in rows and filtered by, so they never change.
public enum AuditAction: String, Sendable, Codable, CaseIterable, SQLConvertible {
    case signedIn = "user.signed_in"
    /// Counted by address and minute: one entry stands for as many as its `count` says.
    case signInRefused = "user.sign_in_refused"
    case signedOut = "user.signed_out"
    /// A refresh token came a second time: its session was ended.
    case sessionRevoked = "user.session_revoked"
    case passwordChanged = "user.password_changed"
    /// A link for a new password was made by an administrator, who hands it on.
    case resetLinkIssued = "user.reset_link_issued"
    /// Somebody asked for such a link by mail: counted, as strangers do that.
    case resetLinkRequested = "user.reset_link_requested"
    case codesSetUp = "user.codes_set_up"
    /// By their person, or by an administrator.
    case codesRemoved = "user.codes_removed"
    case recoveryCodesRenewed = "user.recovery_codes_renewed"
    case identityLinked = "user.identity_linked"
    case identityUnlinked = "user.identity_unlinked"
    /// An account whose address nobody had shown to be theirs went to who has (`ClaimAccount`).
    case userClaimed = "user.claimed"
    case userCreated = "user.created"
    case userChanged = "user.changed"
    case roleChanged = "user.role_changed"
    case userDisabled = "user.disabled"
    case userEnabled = "user.enabled"
    case userUnlocked = "user.unlocked"
    case userRemoved = "user.removed"
    case usersImported = "user.imported"
    case groupCreated = "group.created"
    case groupChanged = "group.changed"
    case groupRemoved = "group.removed"
    case memberAdded = "group.member_added"
    case memberRemoved = "group.member_removed"
    case invitationCreated = "invitation.created"
    /// Taken back. One that is used is told by `userCreated`.
    case invitationRemoved = "invitation.removed"
    /// An administrator took the link of somebody who waits for the verification.
    case registrationLinkIssued = "registration.link_issued"
    case tokenCreated = "token.created"
    case tokenRemoved = "token.removed"
    /// Another key signs access tokens.
    case keysRotated = "keys.rotated"
    /// Premium, hidden, or whether there is a password.
    case visibilityChanged = "video.visibility_changed"
    case videoPasswordChanged = "video.password_changed"
    /// The owner ended what a video's password had opened.
    case unlocksEnded = "video.unlocks_ended"
    /// Its file; who watched the former one goes on for a while.
    case videoReplaced = "video.replaced"
    case videoTrashed = "video.trashed"
    /// Out of the trash.
    case videoRestored = "video.restored"
    /// For good.
    case videoRemoved = "video.removed"
    /// A link was made, by which people without an account may watch it.
    case videoShared = "video.shared"
    case shareRevoked = "video.share_revoked"
    /// A category or a person, at all videos that have it.
    case termChanged = "term.changed"
    case termRemoved = "term.removed"
    case originalDownloaded = "video.original_downloaded"
    /// The key of a film was fetched by a sign-in from another network than before.
    case keyUsedElsewhere = "video.key_used_elsewhere"
    /// A server began with other settings than at its start before.
    case settingsChanged = "settings.changed"
    case auditExported = "audit.exported"
}

/// Whether it was done.
public enum AuditOutcome: String, Sendable, Codable, CaseIterable, SQLConvertible {
    case done, refused
}
