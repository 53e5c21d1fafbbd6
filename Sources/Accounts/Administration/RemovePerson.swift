import FoundationEssentials
import SQL
import Telemetry

/// What a person has in the other rooms.
public struct Belongings: Sendable, Equatable {
    public var videos: Int
    public var unfinishedUploads: Int
    public var watchPositions: Int
    public var favorites: Int
    public var playlists: Int

    public init(
        videos: Int, unfinishedUploads: Int, watchPositions: Int, favorites: Int = 0, playlists: Int = 0
    ) {
        self.videos = videos
        self.unfinishedUploads = unfinishedUploads
        self.watchPositions = watchPositions
        self.favorites = favorites
        self.playlists = playlists
    }
}

/// What the other rooms do when a person goes.
public struct PersonBelongings: Sendable {
    let count: @Sendable (UserID, ReadAccess) throws -> Belongings
    /// Gives a person's videos to another one, and forgets what is about the person alone.
    let handOver: @Sendable (_ from: UserID, _ to: UserID, Transaction) throws -> Void
    /// Removes a person's videos, where `withVideos` is set, and unfinished uploads, with their files.
    let remove: @Sendable (_ of: UserID, _ withVideos: Bool) async throws -> Void

    public init(
        count: @escaping @Sendable (UserID, ReadAccess) throws -> Belongings,
        handOver: @escaping @Sendable (UserID, UserID, Transaction) throws -> Void,
        remove: @escaping @Sendable (UserID, Bool) async throws -> Void
    ) {
        self.count = count
        self.handOver = handOver
        self.remove = remove
    }

    /// Of a house without other rooms.
    static let none = PersonBelongings(
        count: { _, _ in Belongings(videos: 0, unfinishedUploads: 0, watchPositions: 0) }, handOver: { _, _, _ in },
        remove: { _, _ in })
}

/// Removes an account.
///
/// At once gone: sign-ins, tokens, memberships, what was watched, unfinished uploads; the name and the address with the account.
/// Videos go with it, or stay in the name of the administrator who removes it. What the audit wrote stays as it was written.
/// First the person is kept out, so that nothing new comes meanwhile; a removal that was interrupted is asked for again.
struct RemovePerson: Sendable {
    enum Videos: String, Sendable {
        case remove, keep
    }

    let database: Database
    let change: ChangePerson
    let changes: AccessChanges
    let belongings: PersonBelongings
    let facts: PersonFacts
    let audit: AuditLog
    let log: Log
    private let users = UserStore()

    init(
        database: Database, change: ChangePerson, changes: AccessChanges, belongings: PersonBelongings,
        facts: PersonFacts, audit: AuditLog, log: Log
    ) {
        self.database = database
        self.change = change
        self.changes = changes
        self.belongings = belongings
        self.facts = facts
        self.audit = audit
        self.log = log
    }

    /// What would go, before anything does.
    ///
    /// - Throws: `AccountsError.noSuchPerson`.
    func preview(_ id: UserID) async throws -> (person: User, belongings: Belongings) {
        try await database.read { access in
            guard let user = try users.find(id, in: access) else { throw AccountsError.noSuchPerson }
            return (user, try belongings.count(id, access))
        }
    }

    /// - Parameter heir: who gets the videos that stay.
    /// - Throws: `AccountsError.noSuchPerson`, `lastAdministrator`.
    func callAsFunction(
        _ id: UserID, _ videos: Videos, heir: UserID, by origin: AuditOrigin
    ) async throws {
        try await change(id, PersonEdit(isDisabled: true), by: origin)
        try await belongings.remove(id, videos == .remove)
        try await database.write { transaction in
            guard let user = try users.find(id, in: transaction) else { throw AccountsError.noSuchPerson }
            try belongings.handOver(id, heir, transaction)
            try users.remove(id, in: transaction)
            try changes.announce(.personChanged(id), in: transaction)
            try facts.removed(user, in: transaction)
            try audit.record(
                AuditEvent(
                    .userRemoved, of: AuditTarget(user), by: origin, before: [.role: .role(user.role)],
                    after: [AuditField(rawValue: "videos"): .name(videos.rawValue)]), in: transaction)
        }
        log.info("person removed", ["user_id": "\(id)", "videos": .string(videos.rawValue)])
    }
}
