import Accounts
import FoundationEssentials
import HTTPClient
import SQL
import Security

/// Makes a video whose file is fetched from another server, and leaves the fetching to those who do that.
struct BeginFetch: Sendable {
    let database: Database
    let client: FetchClient
    let callers: VideoCallers
    let passwords: PasswordHasher
    let settings: VideoSettings
    let events: VideoEvents
    let now: @Sendable () -> Date
    private let store = VideoStore()
    private let fetches = FetchStore()
    private let groups = VideoGroupStore()

    func callAsFunction(_ wish: FetchWish, by caller: Caller) async throws -> Video {
        try await callers.requireUploadRight(caller)
        try settings.requireSandbox()
        let (source, details, hasTitle) = try wish.checked()
        try check(source)
        let owner = caller.userID
        let hashed = try await details.hashingPassword(by: passwords, for: owner)
        let time = now()
        let video = Video(awaiting: source, hashed, of: owner, at: time)
        let fetch = Fetch(
            video: video.id, owner: owner, address: source, namesVideo: !hasTitle, state: .waiting,
            receivedByteCount: 0, totalByteCount: nil, validator: nil, attempts: 0, failures: 0, failure: nil,
            dueAt: time)
        return try await database.write { transaction in
            try settings.requireFetchSlot(of: owner, in: transaction)
            try groups.requireAll(video.groups, in: transaction)
            try store.insert(video, in: transaction)
            try fetches.insert(fetch, in: transaction)
            let stored = try store.find(video.id, in: transaction) ?? video
            try transaction.publish(VideoEvent(about: stored, named: .created), on: events)
            return stored
        }
    }

    /// What can be said without asking the network.
    private func check(_ source: SourceAddress) throws {
        do {
            try client.get().check(source.url)
        } catch let error as HTTPClientError {
            if error.code == .library { throw VideoError.fetchUnavailable }
            let failure = error.code == .forbiddenAddress ? FetchFailure.forbiddenAddress : .malformed
            throw VideoDetails.Invalid(refusals: [
                .init(
                    field: "input_url", code: failure == .malformed ? "invalid_url" : failure.rawValue,
                    detail: failure == .malformed
                        ? "The address of a file, such as https://example.org/film.mp4." : failure.detail)
            ])
        }
    }
}

extension VideoSettings {
    /// Those that come by themselves count like those that people send.
    func requireFetchSlot(of owner: UserID, in access: ReadAccess) throws {
        let count = try FetchStore().openCount(of: owner, in: access)
        let sent = try UploadStore().unfinishedCount(owner: owner, in: access)
        guard count + sent < uploadsPerUser else { throw VideoError.tooManyUploads }
    }
}

extension Video {
    /// Its checksum is empty until the file is here.
    fileprivate init(awaiting source: SourceAddress, _ details: VideoDetails, of owner: UserID, at time: Date) {
        self.init(
            id: VideoID(), owner: owner, title: details.title, description: details.description,
            category: details.category, tags: details.tags, people: details.people, language: details.language,
            recordedOn: details.recordedOn, isPremium: details.isPremium, isHidden: details.isHidden,
            passwordHash: details.passwordHash, groups: details.groups, checksum: "", byteCount: 0,
            fileName: FileName(SourceAddress.fileName(of: source.url)).description, status: .pending, progress: 0,
            duration: nil, width: nil, height: nil, renditions: [], failure: nil, warnings: [], viewCount: 0,
            createdAt: time, updatedAt: time, readyAt: nil)
    }
}
