import Accounts
import FoundationEssentials
import HTTP
import Media
import Reactor
import SQL
import Security
import Storage
import Synchronization
import Telemetry
import Web

@testable import TestSupport
@testable import Videos

/// The room of videos with a database in memory, a folder of its own, one person of each role, and an encoder that is
/// played: content that begins with `VIDEO` is a video.
final class VideoHouse: Sendable {
    let videos: VideoServices
    let application: Application
    let database: Database
    let storage: StorageServices
    let folder: TemporaryFolder
    let loops: EventLoopGroup
    let pool: BlockingPool
    /// Of its own, so that a test can see what is done without it.
    let passwordPool: BlockingPool
    let encoder: PlayedEncoder
    let clock: TestClock
    let accounts: PlayedAccounts
    let revocations: GrantRevocations
    let secret: SigningSecret
    var people: [Role: Viewer] { accounts.people }

    var admin: Viewer { person(.admin) }
    var creator: Viewer { person(.creator) }
    var everyone: [Viewer] { Role.allCases.map(person) }
    func person(_ role: Role) -> Viewer { people[role] ?? Viewer(id: UserID(), role: role) }

    init(
        folder: TemporaryFolder? = nil, settings: VideoSettings = VideoSettings(), reserve: Int = 0,
        isShared: Bool = false,
        isSecureOnly: Bool = false, keeping earlier: VideoHouse? = nil
    ) async throws {
        self.folder = try folder ?? TemporaryFolder()
        loops = try EventLoopGroup(count: 1)
        pool = try BlockingPool(name: "test", threads: 2)
        passwordPool = try BlockingPool(name: "passwords", threads: 2)
        clock = earlier?.clock ?? TestClock()
        secret = earlier?.secret ?? .ephemeral()
        if let earlier {
            database = earlier.database
            accounts = earlier.accounts
        } else {
            database = try await Database.open(
                TestDatabase.fresh(), migrations: [AccountServices.migrations, VideoStore.migrations])
            accounts = PlayedAccounts(try await Self.makePeople(in: database))
        }
        storage = StorageServices(
            try DataFolder(root: self.folder.path, pool: pool, reserve: reserve, isShared: isShared))
        let (clock, encoder) = (clock, PlayedEncoder(folder: self.folder.path))
        self.encoder = encoder
        encoder.setStorage(storage)
        revocations = GrantRevocations(lifetime: settings.longestGrant)
        let accounts = accounts
        let identify: @Sendable (Request) async throws -> Caller? = { accounts.identify($0) }
        let callers = VideoCallers(
            identify: identify, current: { accounts.current($0) }, role: AccountServices.role(of:in:))
        videos = VideoServices(
            VideoServices.Foundation(
                database: database, storage: storage, encoding: encoder.encoding, callers: callers,
                grants: GrantSigner(secret: secret), links: ShareLinks(secret: secret),
                passwords: PasswordHasher(pool: passwordPool, memoryKiB: 32, passes: 1),
                unlocking: PasswordHasher(pool: passwordPool, memoryKiB: 32, passes: 1), loops: loops,
                pool: pool,
                audit: AuditLog(database: database, now: { clock.now }), log: .silent,
                now: { clock.now }, clock: { clock.monotonic }),
            settings: settings, revocations: revocations, events: VideoEvents(loops))
        var options = RouterBuilder.Options()
        options.isSecureOnly = isSecureOnly
        let router = RouterBuilder(
            options: options,
            accessCheck: AccessCheck { request, context, _ in
                context.values[Caller.self] = try await identify(request)
            })
        videos.addRoutes(to: router)
        application = try router.build()
    }

    func close(keepingDatabase: Bool = false) async {
        videos.close()
        if !keepingDatabase { await database.close() }
        await pool.shutdown()
        await passwordPool.shutdown()
        await loops.shutdown()
    }

    private static func makePeople(in database: Database) async throws -> [Role: Viewer] {
        try await database.write { transaction in
            var people: [Role: Viewer] = [:]
            for role in Role.allCases {
                let viewer = Viewer(id: UserID(), role: role)
                try transaction.execute(
                    """
                    INSERT INTO users (id, email, name, role, is_disabled, created_at, password_changed_at, is_otp_enabled)
                    VALUES ($1, $2, $3, $4, 0, 0, 0, 0)
                    """, viewer.id, "\(role)@example.org", role.rawValue, role.rawValue)
                people[role] = viewer
            }
            return people
        }
    }

    // MARK: Calls

    /// - Parameter session: each person has two.
    func client(_ role: Role?, session: Int = 1) -> InProcessClient {
        let client = InProcessClient(application)
        if let role { client.headers["X-Role"] = role.rawValue }
        client.headers["X-Session"] = "\(session)"
        return client
    }

    func form(_ content: String, name: String = "film.mp4", _ fields: [(String, String)] = []) -> (HeaderFields, String)
    {
        var body = ""
        for (name, value) in fields {
            body += "--edge\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
        }
        body += "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n\r\n\(content)\r\n"
        return (["Content-Type": "multipart/form-data; boundary=edge"], body + "--edge--\r\n")
    }

    func upload(
        _ content: String, as role: Role = .creator, _ fields: [(String, String)] = []
    ) async throws -> InProcessClient.Answer {
        let (headers, body) = form(content, fields)
        return try await client(role).send(.post, "/api/v1/videos", headers: headers, body: RequestBody(body))
    }

    // MARK: Rows

    func video(named title: String) -> Video {
        var video = Video.example
        video.id = VideoID()
        video.owner = creator.id
        video.title = title
        video.checksum = title
        return video
    }

    /// Through the trash, as an administrator does it.
    func removeForGood(_ id: VideoID) async throws {
        for place in ["videos", "trash"] {
            let answer = try await client(.admin).send(.delete, "/api/v1/\(place)/\(id)")
            guard answer.status == .noContent else { throw VideoError.notFound }
        }
    }

    func insert(_ video: Video) async throws {
        try await database.write { try VideoStore().insert(video, in: $0) }
    }

    func uploadRows() async throws -> Int {
        try await database.read { try $0.first("SELECT COUNT(*) AS count FROM uploads")?.value("count") ?? 0 }
    }

    /// Every file below the folder that is not the storage's own.
    func files() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted().filter { path in
            var isFolder = false
            _ = FileManager.default.fileExists(atPath: "\(folder.path)/\(path)", isDirectory: &isFolder)
            return !isFolder && path != ".lock"
        }
    }
}

final class TestClock: Sendable {
    private let moment = Mutex(Date(timeIntervalSince1970: 1_800_000_000))
    var now: Date { moment.withLock { $0 } }
    var monotonic: MonotonicTime { MonotonicTime(nanoseconds: Int64(now.timeIntervalSince1970 * 1_000_000_000)) }
    func advance(by seconds: TimeInterval) { moment.withLock { $0 += seconds } }
}

extension InProcessClient.Answer {
    struct Refusal: Decodable { var code: String }
    struct Body: Decodable {
        var id: String
        var title: String
        var status: String
    }

    var code: String? { try? decode(Refusal.self).code }
    var video: Body { get throws { try decode(Body.self) } }
}

extension Video {
    static let example = Video(
        id: VideoID(), owner: UserID(), title: "Example", description: "", category: nil, tags: [], people: [],
        isPremium: false, isHidden: false, passwordHash: nil, checksum: "00", byteCount: 1, fileName: "a.mp4",
        status: .ready, progress: 1, duration: 8, width: 640, height: 360, renditions: [], failure: nil,
        warnings: [], viewCount: 0, createdAt: Date(timeIntervalSince1970: 1_800_000_000),
        updatedAt: Date(timeIntervalSince1970: 1_800_000_000), readyAt: nil)
}
