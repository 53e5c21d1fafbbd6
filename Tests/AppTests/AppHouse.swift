import Accounts
import FoundationEssentials
import HTTP
import Reactor
import SQL
import Sandbox
import Storage
import Telemetry
import Testing
import Web

@testable import App
@testable import TestSupport
@testable import Videos

/// A whole server with a data folder of its own, made by the same `build` as the real one.
struct AppHouse {
    static let email = "admin@example.org"
    static let password = "Correct-Horse-7-Battery"

    let server: Server
    let log: CapturedLog

    static func settings(in folder: TemporaryFolder) -> Settings {
        var settings = Settings()
        settings.dataFolder = folder.path + "/data"
        settings.port = 0
        settings.loopCount = 2
        settings.adminEmail = email
        settings.adminPassword = password
        if case .postgreSQL(let address, _) = try? TestDatabase.kept(at: settings.dataFolder) {
            settings.databaseAddress = address
        }
        return settings
    }

    init(
        in folder: TemporaryFolder, _ change: (inout Settings) -> Void = { _ in },
        sandboxReport: () throws -> SandboxReport = { try Sandbox().report() }
    ) async throws {
        var settings = Self.settings(in: folder)
        change(&settings)
        let log = CapturedLog()
        var built: Server?
        try await eventually("an earlier life in this process lets go of the folder") {
            do {
                built = try await Server.build(
                    settings, log: Log(level: settings.logLevel, sink: log), sandboxReport: sandboxReport)
            } catch StorageError.inUse {}
            return built != nil
        }
        guard let built else { throw StorageError.inUse }
        (server, self.log) = (built, log)
        _ = try await server.ensureAdministrator()
    }

    /// Works as `palco serve` does while `body` runs, then stops as after a signal.
    func serving(_ body: (_ port: Int) async throws -> Void) async throws {
        try await servingBoth { ports in try await body(ports.plain) }
    }

    func servingBoth(_ body: (Server.Ports) async throws -> Void) async throws {
        let (given, portsGiven) = AsyncStream.makeStream(of: Server.Ports.self)
        let (end, stopper) = AsyncStream.makeStream(of: Void.self)
        let server = server
        let work = Task {
            defer { portsGiven.finish() }
            try await server.serve(
                started: { portsGiven.yield($0) },
                until: {
                    for await _ in end { return }
                })
        }
        var iterator = given.makeAsyncIterator()
        let outcome: Result<Void, any Error>
        do {
            if let ports = await iterator.next() { try await body(ports) }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        stopper.finish()
        try await work.value
        try outcome.get()
    }

    var database: Database { server.services.database }
    var application: Application { server.application }

    /// One person of each role, all with the administrator's password.
    func addPeople() async throws {
        try await database.write { transaction in
            for role in Role.allCases where role != .admin {
                try transaction.execute(
                    """
                    INSERT INTO users (id, email, name, role, is_disabled, created_at, password_hash,
                        password_changed_at, is_otp_enabled)
                    SELECT $1, $2, $3, $3, 0, 0, password_hash, 0, 0 FROM users WHERE role = 'admin'
                    """, UserID(), "\(role)@example.org", role.rawValue)
            }
        }
    }

    struct Tokens: Decodable {
        var accessToken: String
        var refreshToken: String
    }

    func signIn(_ role: Role) async throws -> Tokens {
        let client = InProcessClient(application)
        let answer = try await client.send(
            .post, "/api/v1/auth/login", json: ["email": "\(role)@example.org", "password": Self.password])
        try #require(answer.status == .ok, "\(answer.text)")
        return try answer.decode(Tokens.self)
    }

    /// - Parameter scopes: those of which the role has no use are left out.
    func addToken(of role: Role, _ scopes: [String]) async throws -> NewAPIToken {
        let useful = scopes.filter { $0 != "administer" || role == .admin }.filter {
            $0 != "upload" || role >= .creator
        }
        return try await server.services.accounts.createToken(
            APITokenWish(name: "Token", scopes: useful, expiresInDays: 1), for: try await person(role), by: .system)
    }

    func token(of role: Role) async throws -> String { try await signIn(role).accessToken }

    func person(_ role: Role) async throws -> UserID {
        try await database.read { access in
            try access.first("SELECT id FROM users WHERE email = $1", "\(role)@example.org")?.value("id") ?? UserID()
        }
    }

    /// An upload of this person's that waits for its first byte, whether the person may upload or not.
    func addUpload(of role: Role, byteCount: Int = 5) async throws -> UploadID {
        let (owner, id) = (try await person(role), UploadID())
        try await server.services.storage.uploads.create(
            try #require(id.blob), becoming: try #require(id.version.original), expecting: nil)
        try await database.write { transaction in
            try UploadStore().insert(
                Upload(
                    id: id, owner: owner, byteCount: Int64(byteCount), metadata: "", details: VideoDetails(),
                    fileName: "", state: .receiving, checkedOffset: nil, video: nil, refusal: nil, createdAt: Date(),
                    expiresAt: Date() + 3600), in: transaction)
        }
        return id
    }

    /// A playlist of this person's. The walks make more than one may have, so it is not asked for by the route.
    func addWatchList(of role: Role) async throws -> WatchListID {
        let owner = try await person(role)
        let list = WatchList(id: WatchListID(), owner: owner, name: "N", createdAt: Date(), updatedAt: Date())
        try await database.write { transaction in
            try transaction.execute("DELETE FROM watch_lists WHERE user_id = $1", owner)
            try WatchListStore().insert(list, in: transaction)
        }
        return list.id
    }

    func setVisibility(
        of id: VideoID, _ visibility: EveryRouteTests.Visibility, _ club: GroupID
    ) async throws {
        let (revoke, time) = (server.services.videos.change.revoke, database.now)
        try await database.write { transaction in
            guard var video = try VideoStore().find(id, in: transaction) else { return }
            (video.isPremium, video.isHidden) = (visibility.premium, visibility.hidden)
            video.groups = visibility.restricted ? [club] : []
            try VideoStore().update(video, in: transaction)
            // As `ChangeVideo` does.
            try revoke(.video(id), at: time, in: transaction)
        }
    }

    /// A video of the administrator's, as a row only.
    func addVideo(_ visibility: EveryRouteTests.Visibility, _ club: GroupID) async throws -> VideoID {
        try await addVideo(
            premium: visibility.premium, hidden: visibility.hidden, groups: visibility.restricted ? [club] : [])
    }

    /// A group in which this person is.
    func addGroup(of role: Role, named name: String = "Club") async throws -> GroupID {
        let (group, member) = (GroupID(), try await person(role))
        try await database.write { transaction in
            try transaction.execute(
                "INSERT INTO people_groups (id, name, name_key, created_at) VALUES ($1, $2, $3, 0)", group, name,
                name.lowercased())
            try transaction.execute("INSERT INTO group_members (group_id, user_id) VALUES ($1, $2)", group, member)
        }
        return group
    }

    /// A video of the administrator's, as a row only.
    func addVideo(premium: Bool = false, hidden: Bool = false, groups: [GroupID] = []) async throws -> VideoID {
        let id = VideoID()
        try await database.write { transaction in
            guard let owner: UserID = try transaction.first("SELECT id FROM users WHERE role = 'admin'")?.value("id")
            else { return }
            let video = Video(
                id: id, owner: owner, title: "Row", description: "", category: nil, tags: [], people: [],
                isPremium: premium, isHidden: hidden, passwordHash: nil, groups: groups, checksum: id.description,
                byteCount: 1,
                fileName: "", status: .ready, progress: 1, duration: 1, width: 16, height: 16, renditions: [],
                failure: nil, warnings: [], viewCount: 0, createdAt: Date(), updatedAt: Date(), readyAt: nil)
            try VideoStore().insert(video, in: transaction)
        }
        return id
    }
}
