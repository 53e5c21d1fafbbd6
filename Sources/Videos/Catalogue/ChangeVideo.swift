import FoundationEssentials
import SQL

extension VideoCatalogue {
    /// One video, if this viewer may see it.
    ///
    /// - Throws: `VideoError`.
    func video(_ id: VideoID, for viewer: Viewer, through door: VideoAccess.Door) async throws -> Video {
        guard let found = try await stored(id) else { throw VideoError.notFound }
        try VideoError.check(VideoAccess.decide(viewer, found.subject, door))
        return found
    }

    /// The row, whoever asks.
    func stored(_ id: VideoID) async throws -> Video? {
        let store = store
        return try await database.read { try store.find(id, in: $0) }
    }

    func list(_ query: VideoQuery, for viewer: Viewer) async throws -> VideoPage {
        let store = store
        return try await database.scan { try store.list(query, for: viewer, in: $0) }
    }

    func change(_ id: VideoID, _ change: VideoChange, by viewer: Viewer) async throws -> Video {
        let change = try change.checked()
        _ = try await video(id, for: viewer, through: .change)
        var hash: String?
        if case .set(let password) = change.password {
            hash = try await foundation.passwords.hash(password, for: .person(viewer.id.description)).encoded
        }
        let (store, events, now, newHash, revoke) = (store, events, now(), hash, revokeGrants)
        return try await database.write { transaction in
            guard var video = try store.find(id, in: transaction) else { throw VideoError.notFound }
            try VideoError.check(VideoAccess.decide(viewer, video.subject, .change))
            let before = video
            video.apply(change, passwordHash: newHash)
            video.updatedAt = now
            try store.update(video, in: transaction)
            if video.isNarrower(than: before) { try revoke(.video(id), at: now, in: transaction) }
            let changed = video
            transaction.afterCommit { events.publish(VideoEvent(about: changed, named: .updated)) }
            return changed
        }
    }

    /// Removes a video with its tasks and files.
    func remove(_ id: VideoID, by viewer: Viewer) async throws {
        _ = try await video(id, for: viewer, through: .remove)
        let (store, uploads, encoding, events, revoke, now) = (store, uploads, encoding, events, revokeGrants, now())
        try await database.write { transaction in
            guard let video = try store.find(id, in: transaction) else { throw VideoError.notFound }
            try VideoError.check(VideoAccess.decide(viewer, video.subject, .remove))
            try revoke(.video(id), at: now, in: transaction)
            try encoding.remove(transaction, id)
            try uploads.forget(video: id, in: transaction)
            try store.remove(id, in: transaction)
            transaction.afterCommit { events.publish(VideoEvent(about: video, named: .removed)) }
        }
        // What a crash leaves here is swept at the next start, because no row stands for it any more.
        if let folder = Self.folder(of: id) { try await storage.removeTree(folder) }
    }

    func retry(_ id: VideoID, by viewer: Viewer) async throws -> Video {
        _ = try await video(id, for: viewer, through: .change)
        let (store, encoding) = (store, encoding)
        return try await database.write { transaction in
            try encoding.retry(transaction, id)
            guard let video = try store.find(id, in: transaction) else { throw VideoError.notFound }
            return video
        }
    }
}

extension Video {
    /// Whether somebody who could play it before may not any more, or must give a password that was not asked for before.
    func isNarrower(than before: Video) -> Bool {
        (isHidden && !before.isHidden) || (isPremium && !before.isPremium)
            || (passwordHash != nil && passwordHash != before.passwordHash)
    }

    mutating func apply(_ change: VideoChange, passwordHash newHash: String?) {
        if let title = change.title { self.title = title }
        if let description = change.description { self.description = description }
        if let tags = change.tags { self.tags = tags }
        if let people = change.people { self.people = people }
        if let isPremium = change.isPremium { self.isPremium = isPremium }
        if let isHidden = change.isHidden { self.isHidden = isHidden }
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
