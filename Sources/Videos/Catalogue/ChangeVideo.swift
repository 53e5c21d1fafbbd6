import Accounts
import FoundationEssentials
import Media
import SQL
import Security

/// Changes what an owner may change of a video.
struct ChangeVideo: Sendable {
    let database: Database
    let find: FindVideo
    let passwords: PasswordHasher
    let revoke: RevokeGrants
    let events: VideoEvents
    let audit: AuditLog
    let now: @Sendable () -> Date
    private let store = VideoStore()
    private let sessions = AccessSessionStore()
    private let groups = VideoGroupStore()

    func callAsFunction(
        _ id: VideoID, _ change: VideoChange, by viewer: Viewer, from origin: AuditOrigin
    ) async throws -> Video {
        let change = try change.checked()
        _ = try await find(id, for: viewer, through: .change)
        var hash: String?
        if case .set(let password) = change.password {
            hash = try await passwords.hash(password, for: .person(viewer.id.description)).encoded
        }
        return try await self(id, by: viewer, from: origin) { [hash] in $0.apply(change, passwordHash: hash) }.after
    }

    /// - Parameter edit: of all that an owner may change, in the transaction that writes it; what it throws ends that.
    func callAsFunction(
        _ id: VideoID, by viewer: Viewer, from origin: AuditOrigin,
        _ edit: @escaping @Sendable (inout Video) throws -> Void
    ) async throws -> (before: Video, after: Video) {
        let now = now()
        return try await database.write { transaction in
            guard var video = try store.find(id, in: transaction) else { throw VideoError.notFound }
            try VideoError.check(VideoAccess.decide(viewer, video.subject, .change))
            let before = video
            try edit(&video)
            guard video.isFeatured == before.isFeatured || VideoAccess.mayFeature(viewer) else {
                throw VideoError.featuringForbidden
            }
            video.updatedAt = now
            // One that was removed since may stay: it keeps others out.
            try groups.requireAll(video.groups.filter { !before.groups.contains($0) }, in: transaction)
            try store.update(video, in: transaction)
            if video.passwordHash != before.passwordHash { try sessions.removeAll(of: id, in: transaction) }
            if video.isNarrower(than: before) { try revoke(.video(id), at: now, in: transaction) }
            try record(from: before, to: video, by: origin, in: transaction)
            let changed = video
            try transaction.publish(VideoEvent(about: changed, named: .updated), on: events)
            return (before, changed)
        }
    }

    /// Tells who sees more or less of it than before.
    private func record(
        from before: Video, to after: Video, by origin: AuditOrigin, in transaction: Transaction
    ) throws {
        let (old, new) = (before.auditedVisibility, after.auditedVisibility)
        let changed = new.keys.filter { new[$0] != old[$0] }
        if !changed.isEmpty {
            func only(_ details: AuditDetails) -> AuditDetails { details.filter { changed.contains($0.key) } }
            try audit.record(
                AuditEvent(
                    .visibilityChanged, of: AuditTarget(after), by: origin, before: only(old), after: only(new)),
                in: transaction)
        } else if after.passwordHash != before.passwordHash {
            try audit.record(
                AuditEvent(.videoPasswordChanged, of: AuditTarget(after), by: origin), in: transaction)
        }
    }
}

extension Video {
    /// Whether somebody who could play it before may not any more, or must give a password that was not asked for before.
    func isNarrower(than before: Video) -> Bool {
        (isHidden && !before.isHidden) || (isPremium && !before.isPremium)
            || (passwordHash != nil && passwordHash != before.passwordHash) || isForFewer(than: before)
    }

    private func isForFewer(than before: Video) -> Bool {
        guard !groups.isEmpty else { return false }
        return before.groups.isEmpty || before.groups.contains { !groups.contains($0) }
    }

    mutating func apply(_ change: VideoChange, passwordHash newHash: String?) {
        if let title = change.title { self.title = title }
        if let description = change.description { self.description = description }
        if let tags = change.tags { self.tags = tags }
        if let people = change.people { self.people = people }
        if let isPremium = change.isPremium { self.isPremium = isPremium }
        if let isHidden = change.isHidden { self.isHidden = isHidden }
        if let isFeatured = change.isFeatured { self.isFeatured = isFeatured }
        if let downloads = change.downloads.flatMap(Downloads.init(rawValue:)) { self.downloads = downloads }
        if let chapters = change.chapters { self.chapters = chapters }
        if let groups = change.groups { self.groups = groups.compactMap { GroupID($0) } }
        switch change.language {
        case .unchanged: break
        case .cleared: language = nil
        case .set(let text): language = LanguageTag(text)
        }
        switch change.recordedOn {
        case .unchanged: break
        case .cleared: recordedOn = nil
        case .set(let text): recordedOn = CalendarDay(text)
        }
        switch change.category {
        case .unchanged: break
        case .cleared: category = nil
        case .set(let name): category = name
        }
        switch change.password {
        case .unchanged: break
        case .cleared: passwordHash = nil
        case .set: passwordHash = newHash
        }
    }
}
