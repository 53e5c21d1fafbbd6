import Accounts
import FoundationEssentials
import SQL
import Security

/// Makes, lists and revokes the links of a video, for those who may change it.
struct ManageShares: Sendable {
    let database: Database
    let find: FindVideo
    let callers: VideoCallers
    let passwords: PasswordHasher
    let revoke: RevokeGrants
    let audit: AuditLog
    let now: @Sendable () -> Date
    private let store = ShareStore()
    private let videos = VideoStore()

    init(
        database: Database, find: FindVideo, callers: VideoCallers, passwords: PasswordHasher, revoke: RevokeGrants,
        audit: AuditLog, now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.find = find
        self.callers = callers
        self.passwords = passwords
        self.revoke = revoke
        self.audit = audit
        self.now = now
    }

    /// A link, and whether it opens the video now.
    struct Listed: Sendable {
        var share: Share
        var isOpen: Bool
    }

    /// - Throws: `VideoError`.
    func list(of id: VideoID, for viewer: Viewer) async throws -> [Listed] {
        let time = now()
        return try await database.read { access in
            let video = try manageable(id, viewer, in: access)
            return try store.list(of: id, in: access).map { share in
                Listed(share: share, isOpen: try opens(share, video, at: time, in: access))
            }
        }
    }

    /// - Throws: `VideoError`; `VideoDetails.Invalid`; `ShareError.tooMany`.
    func create(
        _ wish: ShareWish, of id: VideoID, by viewer: Viewer, from origin: AuditOrigin
    ) async throws -> Listed {
        let time = now()
        let wish = try wish.checked(at: time)
        var hash: String?
        if let password = wish.password {
            hash = try await passwords.hash(password, for: .person(viewer.id.description)).encoded
        }
        let share = Share(
            id: ShareID(), video: id, maker: viewer.id, createdAt: time, expiresAt: wish.expiresAt, passwordHash: hash,
            replacesPassword: wish.replacesPassword ?? false, viewLimit: wish.viewLimit, viewCount: 0,
            startsAt: wish.startsAtSeconds ?? 0, isEmbeddable: wish.isEmbeddable ?? false)
        try await database.write { transaction in
            let video = try manageable(id, viewer, in: transaction)
            if share.passwordHash != nil, video.passwordHash != nil, !share.replacesPassword {
                throw VideoDetails.Invalid(refusals: [.secondPassword])
            }
            guard try store.count(of: id, in: transaction) < Share.most else { throw ShareError.tooMany }
            try store.insert(share, in: transaction)
            try audit.record(
                AuditEvent(.videoShared, of: AuditTarget(video), by: origin, after: share.audited), in: transaction)
        }
        return Listed(share: share, isOpen: true)
    }

    /// Ends a link at once, and what was opened by it.
    ///
    /// - Throws: `VideoError`; `ShareError.notFound`.
    func remove(_ share: ShareID, of id: VideoID, by viewer: Viewer, from origin: AuditOrigin) async throws {
        let time = now()
        try await database.write { transaction in
            let video = try manageable(id, viewer, in: transaction)
            guard let found = try store.find(share, in: transaction), found.video == id else {
                throw ShareError.notFound
            }
            try store.remove(share, in: transaction)
            try revoke(.share(share), at: time, in: transaction)
            try audit.record(
                AuditEvent(.shareRevoked, of: AuditTarget(video), by: origin, before: found.audited), in: transaction)
        }
    }

    /// The same right as for changing it.
    func check(_ id: VideoID, for viewer: Viewer) async throws {
        _ = try await find(id, for: viewer, through: .change)
    }

    private func manageable(_ id: VideoID, _ viewer: Viewer, in access: ReadAccess) throws -> Video {
        guard let video = try videos.find(id, in: access) else { throw VideoError.notFound }
        try VideoError.check(VideoAccess.decide(viewer, video.subject, .change))
        return video
    }

    private func opens(_ share: Share, _ video: Video, at time: Date, in access: ReadAccess) throws -> Bool {
        guard !share.isExpired(at: time), !share.isUsedUp else { return false }
        let maker = try callers.role(share.maker, access).map { Viewer(id: share.maker, role: $0) }
        return VideoAccess.decide(share.holder(madeBy: maker), video.subject, .details) == .allowed
    }
}

extension VideoDetails.Refusal {
    fileprivate static var secondPassword: Self {
        Self(
            field: "password", code: "video_has_password",
            detail:
                "The video has a password, and the link asks for that one. Say replaces_password to ask for this one in its place."
        )
    }
}

extension Share {
    /// As the audit tells it; never its address.
    fileprivate var audited: AuditDetails {
        var details: AuditDetails = [
            .share: .name("\(id)"), .hasPassword: .flag(passwordHash != nil), .isEmbeddable: .flag(isEmbeddable),
        ]
        if let expiresAt { details[.expiresAt] = .time(expiresAt) }
        if let viewLimit { details[.viewLimit] = .number(viewLimit) }
        if replacesPassword { details[.replacesPassword] = .flag(true) }
        return details
    }
}
