import Accounts
import FoundationEssentials
import Reactor
import SQL
import Storage
import Synchronization
import Telemetry

/// Fetches files from other servers, a few at a time. Whoever has one in hand says so in its row; what a server had that is gone, any
/// other goes on with.
public struct RunFetches: Sendable {
    let database: Database
    let storage: StorageServices
    let receive: ReceiveSource
    let finish: FinishUpload
    let end: EndFetch
    let hold: HoldUpload
    let sessions: UploadSessions
    let callers: VideoCallers
    let client: FetchClient
    let settings: VideoSettings
    let holder: LeaseOwner
    let loops: EventLoopGroup
    let log: Log
    let now: @Sendable () -> Date
    let running = FetchesInHand()
    private let store = VideoStore()
    private let fetches = FetchStore()
    private let uploads = UploadStore()

    /// Who gives no sign of life for so long has it no more.
    private static let lease: TimeInterval = 30
    private static let rowsAtOnce = 100

    init(
        database: Database, storage: StorageServices, receive: ReceiveSource, finish: FinishUpload, end: EndFetch,
        hold: HoldUpload, sessions: UploadSessions, callers: VideoCallers, client: FetchClient,
        settings: VideoSettings, holder: LeaseOwner, loops: EventLoopGroup, log: Log,
        now: @escaping @Sendable () -> Date
    ) {
        self.database = database
        self.storage = storage
        self.receive = receive
        self.finish = finish
        self.end = end
        self.hold = hold
        self.sessions = sessions
        self.callers = callers
        self.client = client
        self.settings = settings
        self.holder = holder
        self.loops = loops
        self.log = log
        self.now = now
    }

    /// Works until cancelled.
    func run(on loop: EventLoop) async {
        // No file of a stranger is taken in where it could not be read safely.
        guard settings.acceptsUploads else { return }
        do { try await reduceAddresses() } catch {
            log.error("addresses of fetches that have failed are still kept", ["error": .error(error)])
        }
        await withDiscardingTaskGroup { group in
            repeat {
                do {
                    for fetch in try await takeDue() {
                        group.addTask(executorPreference: loops.next()) { await perform(fetch) }
                    }
                } catch is CancellationError {
                    return
                } catch {
                    log.error("fetches cannot be begun", ["error": .error(error)])
                }
            } while (try? await loop.sleep(for: .seconds(1))) != nil
        }
    }

    /// Rows of before addresses were forgotten.
    func reduceAddresses() async throws {
        var last: VideoID?
        while !Task.isCancelled {
            let after = last
            let rows = try await database.read { try fetches.unreduced(after: after, count: Self.rowsAtOnce, in: $0) }
            guard let end = rows.last else { return }
            try await database.write { transaction in
                for fetch in rows { try fetches.reduce(fetch, in: transaction) }
            }
            last = end.video
        }
    }

    /// Does what is due now, to its end.
    func runDue() async throws {
        let due = try await takeDue()
        await withDiscardingTaskGroup { group in
            for fetch in due { group.addTask(executorPreference: loops.next()) { await perform(fetch) } }
        }
    }

    public func shutdown() async { await client.shutdown() }

    // MARK: Taking

    private func takeDue() async throws -> [Fetch] {
        let room = settings.fetchesAtOnce - running.count
        guard room > 0 else { return [] }
        // Who only looks writes nothing.
        guard try await database.read({ try choose(room, in: $0).isEmpty }) == false else { return [] }
        let taken = try await database.write { transaction in
            let end = now().addingTimeInterval(Self.lease)
            return try choose(room, in: transaction).filter { chosen in
                try fetches.take(
                    chosen.fetch.video, by: holder, until: end, from: (chosen.holder, chosen.heldUntil),
                    in: transaction)
            }.compactMap { try fetches.find($0.fetch.video, in: transaction) }
        }
        for fetch in taken { running.insert(fetch.video) }
        return taken
    }

    /// The longest due first, but not more than a few of one person.
    private func choose(
        _ room: Int, in access: ReadAccess
    ) throws -> [(fetch: Fetch, holder: String, heldUntil: Date)] {
        let time = now()
        let due = try fetches.due(at: time, in: access)
        let isHeld = due.map { $0.heldUntil >= time && LeaseOwner($0.holder)?.isGone == false }
        var counts: [UserID: Int] = [:]
        for (row, isHeld) in zip(due, isHeld) where isHeld { counts[row.fetch.owner, default: 0] += 1 }
        var chosen: [(fetch: Fetch, holder: String, heldUntil: Date)] = []
        for (row, isHeld) in zip(due, isHeld) where !isHeld && chosen.count < room {
            let count = counts[row.fetch.owner, default: 0]
            guard count < VideoSettings.fetchesOfPersonAtOnce, !running.contains(row.fetch.video) else { continue }
            counts[row.fetch.owner] = count + 1
            chosen.append(row)
        }
        return chosen
    }

    // MARK: Doing

    /// Another server has it by now, or nobody wants it any more.
    private struct Lost: Error {}

    private func perform(_ fetch: Fetch) async {
        let count = ReceiveSource.Count()
        count.value = fetch.receivedByteCount
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let loop = EventLoop.current ?? loops.next()
                group.addTask(executorPreference: loop) { try await complete(fetch, counting: count) }
                group.addTask(executorPreference: loop) { try await stayAlive(fetch, counting: count, on: loop) }
                try await group.next()
                group.cancelAll()
            }
        } catch {
            // This process may be stopping; what is written down then is what the next one goes on with.
            await Task { await settle(fetch, error, received: count.value) }.value
        }
        running.remove(fetch.video)
    }

    private func complete(_ fetch: Fetch, counting count: ReceiveSource.Count) async throws {
        let id = fetch.video
        if fetch.state != .checking {
            guard let session = sessions.take(id.upload) else { throw FetchFailure.interrupted }
            defer { sessions.release(id.upload) }
            let byteCount = try await receive(fetch, session, counting: count)
            guard byteCount > 0 else { throw RefusedContent(.emptyFile) }
            try await database.write { try record(id, byteCount: byteCount, in: $0) }
        }
        try await hold.ifFree(id.upload) { session in
            guard let upload = try await database.read({ try uploads.find(id.upload, in: $0) }) else {
                // Its bytes were removed.
                try await database.write { try fetches.restart(id, at: now(), in: $0) }
                return
            }
            _ = try await finish(upload, session, by: nil)
        }
    }

    /// From here on it is an upload whose bytes are all here, which a restart would finish.
    private func record(_ id: VideoID, byteCount: Int64, in transaction: Transaction) throws {
        guard let video = try store.find(id, in: transaction) else { throw Lost() }
        let time = now()
        var details = VideoDetails()
        details.title = video.title
        try uploads.remove(id.upload, in: transaction)
        try uploads.insert(
            Upload(
                id: id.upload, owner: video.owner, byteCount: byteCount, metadata: "", details: details,
                fileName: video.fileName, state: .receiving, checkedOffset: nil, video: nil, refusal: nil,
                createdAt: time, expiresAt: settings.uploadExpiry(from: time, createdAt: time)), in: transaction)
        try fetches.setState(.checking, id, byteCount: byteCount, in: transaction)
        try end.publish(id, in: transaction)
    }

    /// Keeps the row, and tells how far it is.
    private func stayAlive(_ fetch: Fetch, counting count: ReceiveSource.Count, on loop: EventLoop) async throws {
        var told: Int64 = -1
        var quiet = 0
        while true {
            try await loop.sleep(for: .seconds(1))
            quiet += 1
            let received = count.value
            guard received != told || quiet >= 10 else { continue }
            (told, quiet) = (received, 0)
            try await database.write { transaction in
                let until = now().addingTimeInterval(Self.lease)
                guard
                    try fetches.keep(
                        fetch.video, by: holder, received: received, until: until, in: transaction)
                else { throw Lost() }
                try requireUploadRight(of: fetch.video, in: transaction)
                try end.publish(fetch.video, in: transaction)
            }
        }
    }

    private func requireUploadRight(of id: VideoID, in access: ReadAccess) throws {
        guard let owner = try store.find(id, in: access)?.owner, let role = try callers.role(owner, access),
            VideoAccess.mayUpload(Viewer(id: owner, role: role))
        else { throw VideoError.uploadForbidden }
    }

    // MARK: Ending

    private func settle(_ fetch: Fetch, _ error: any Error, received: Int64) async {
        do {
            switch error {
            case is CancellationError: try await putOff(fetch, by: .zero, failures: fetch.failures, nil, received)
            case is Lost, is TusError: break
            case let refusal as RefusedContent:
                try await database.write { transaction in
                    // Where it was looked at, that is written down already.
                    guard let now = try fetches.find(fetch.video, in: transaction), now.state != .failed else { return }
                    try end.failed(fetch.video, .content, refusal: refusal, in: transaction)
                }
            case let refusal as SourceAnswer.Refusal:
                try await settle(fetch, refusal.failure, after: refusal.retryAfter, received)
            default:
                let failure = FetchFailure(error)
                if failure == .server {
                    log.error("a fetch failed", ["video": .init(fetch.video), "error": .error(error)])
                }
                try await settle(fetch, failure, after: nil, received)
            }
            try await tidyUp(fetch.video)
        } catch {
            // Its lease runs out, and it is tried again.
            log.error("the end of a fetch was not kept", ["video": .init(fetch.video), "error": .error(error)])
        }
    }

    private func settle(
        _ fetch: Fetch, _ failure: FetchFailure, after asked: Duration?, _ received: Int64
    ) async throws {
        // Where much came, the source is worth new patience.
        let failures = received - fetch.receivedByteCount > VideoSettings.fetchProgress ? 1 : fetch.failures + 1
        if !failure.isTemporary || failures >= VideoSettings.mostFetchFailures {
            _ = try await database.write { try end.failed(fetch.video, failure, in: $0) }
        } else {
            let pause = max(settings.fetchPause(after: failures), asked ?? .zero)
            try await putOff(fetch, by: pause, failures: failures, failure, received)
        }
    }

    private func putOff(
        _ fetch: Fetch, by pause: Duration, failures: Int, _ failure: FetchFailure?, _ received: Int64
    ) async throws {
        try await database.write { transaction in
            let time = now().addingTimeInterval(Double(pause.components.seconds))
            _ = try fetches.keep(fetch.video, by: holder, received: received, until: now(), in: transaction)
            try fetches.putOff(
                fetch.video, by: holder, to: time, failures: failures, failure ?? fetch.failure, in: transaction)
            try end.publish(fetch.video, in: transaction)
        }
    }

    /// What is stored of a fetch that is over.
    private func tidyUp(_ id: VideoID) async throws {
        let isOver = try await database.read { access in
            if let fetch = try fetches.find(id, in: access) { return fetch.state == .failed }
            return try store.find(id, in: access) == nil
        }
        guard isOver, let blob = id.upload.blob, let folder = id.firstVersion.folder else { return }
        try await storage.uploads.remove(blob)
        try await storage.blobs.removeTree(folder)
        sessions.forget(id.upload)
    }
}

/// Of this server.
final class FetchesInHand: Sendable {
    // bound: by `VideoSettings.fetchesAtOnce`
    private let videos = Mutex<Set<VideoID>>([])

    var count: Int { videos.withLock { $0.count } }
    func contains(_ id: VideoID) -> Bool { videos.withLock { $0.contains(id) } }
    func insert(_ id: VideoID) { videos.withLock { _ = $0.insert(id) } }
    func remove(_ id: VideoID) { videos.withLock { _ = $0.remove(id) } }
}
