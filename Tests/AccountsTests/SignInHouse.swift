import FoundationEssentials
import HTTP
import Reactor
import SQL
import Security
import Synchronization
import Telemetry
import Testing
import Web

@testable import Accounts
@testable import Mail
@testable import TestSupport

/// Accounts over a database in memory, with routes, a clock that stands still until told, and cheap password hashes.
final class SignInHouse: Sendable {
    static let password = "Correct-Horse-7"

    let accounts: AccountServices
    let application: Application
    let log = CapturedLog()
    /// Nil without mail.
    let mail: MailQueue?
    private let mailbox: Mailbox
    /// Hashes passwords.
    let pool: BlockingPool
    private let clock: Clock

    final class Clock: Sendable {
        private let moment = Mutex(Date(timeIntervalSince1970: 1_800_000_000))
        var now: Date { moment.withLock { $0 } }
        var monotonic: MonotonicTime { MonotonicTime(nanoseconds: Int64(now.timeIntervalSince1970 * 1_000_000_000)) }
        func advance(by seconds: TimeInterval) { moment.withLock { $0 += seconds } }
    }

    init(
        settings: AccountsSettings = AccountsSettings(), passwordThreads: Int = 2, passwordQueue: Int = 64,
        database location: DatabaseLocation? = nil, isSecureOnly: Bool = false, sendsMail: Bool = false,
        clock: Clock = Clock(), _ change: (inout AccountServices.Foundation) -> Void = { _ in }
    ) async throws {
        self.clock = clock
        let database = try await Database.open(
            location ?? TestDatabase.fresh(), migrations: [AccountServices.migrations, MailQueue.migrations])
        pool = try BlockingPool(name: "password", threads: passwordThreads, maxQueued: passwordQueue)
        let received = Mailbox()
        mailbox = received
        mail =
            sendsMail
            ? MailQueue(
                from: try #require(MailAddress(parsing: "Palco <noreply@video.example.org>")), database: database,
                log: Log(sink: log), now: { clock.now }
            ) { message, _, recipient in received.take(message, recipient) }
            : nil
        var foundation = AccountServices.Foundation(
            database: database, hasher: PasswordHasher(pool: pool, memoryKiB: 32, passes: 1), secret: .ephemeral(),
            mail: mail, log: Log(sink: log), now: { clock.now }, clock: { clock.monotonic })
        change(&foundation)
        accounts = AccountServices(foundation, settings: settings)
        var options = RouterBuilder.Options()
        options.isSecureOnly = isSecureOnly
        let router = RouterBuilder(log: Log(sink: log), options: options, accessCheck: accounts.callers.accessCheck)
        accounts.addRoutes(to: router, belongings: .none)
        // Of those who are remembered these ask at once, of others later.
        let role: @Sendable (Request, BaseContext) -> Response = { _, context in
            .text(context.caller?.role.rawValue ?? "nobody")
        }
        for least in Role.allCases {
            router.get("/least/\(least)", access: .role(least.rawValue), atOnce: role, role)
        }
        router.get("/least/unheard-of", access: .role("emperor"), atOnce: role, role)
        router.get("/policy", access: .rule("policy"), atOnce: role, role)
        router.post("/policy", access: .rule("policy")) { _, context in .text(context.caller?.role.rawValue ?? "nobody")
        }
        router.get("/open", access: .public) { _, context in .text(context.caller?.role.rawValue ?? "nobody") }
        application = try router.build()
    }

    var now: Date { clock.now }

    func advance(by seconds: TimeInterval) { clock.advance(by: seconds) }

    @discardableResult
    func addUser(_ email: String = "ann@example.org", role: Role = .creator) async throws -> User {
        guard let address = EmailAddress(email) else { throw AccountsError.invalidEmail }
        var user = User(email: address, name: "Ann", role: role, createdAt: clock.now)
        user.passwordHash = try await accounts.passwords.hash(Self.password)
        let made = user
        try await accounts.database.write { try UserStore().insert(made, in: $0) }
        return made
    }

    /// All mails that people got until now.
    func mails() async throws -> [ReceivedMail] {
        let mail = try #require(mail)
        while let next = await mail.next() { await mail.send(next) }
        return mailbox.all
    }

    func rowCount(of table: String) async throws -> Int {
        try await accounts.database.read {
            try $0.first("SELECT COUNT(*) AS count FROM \(table)")?.value("count") ?? -1
        }
    }

    func user(_ email: String) async throws -> User? {
        try await accounts.database.read { access in
            try EmailAddress(email).flatMap { try UserStore().find(email: $0, in: access) }
        }
    }

    /// - Parameter host: where the visitor comes from.
    func visitor(from host: String = "127.0.0.1") -> Visitor {
        let visitor = Visitor(application)
        visitor.client.remoteAddress = SocketAddress(host: host, port: 1)
        return visitor
    }
}

/// A client with the calls that tests make; keeps cookies like a browser.
struct Visitor {
    let client: InProcessClient

    init(_ application: Application) { client = InProcessClient(application) }

    struct Tokens: Decodable {
        struct Person: Decodable {
            var id: String
            var email: String
            var role: String
        }
        var accessToken: String
        var tokenType: String
        var expiresIn: Int
        var refreshToken: String
        var user: Person
    }

    struct Refusal: Decodable {
        var code: String
        var detail: String?
        var retryAfter: Int?
    }

    func signIn(
        _ email: String = "ann@example.org", _ password: String = SignInHouse.password
    ) async throws -> InProcessClient.Answer {
        try await client.send(.post, "/api/v1/auth/login", json: ["email": email, "password": password])
    }

    func refresh(_ token: String) async throws -> InProcessClient.Answer {
        try await client.send(.post, "/api/v1/auth/refresh", json: ["refresh_token": token])
    }

    /// Without cookies: as a program does.
    func bearer(_ token: String) -> HeaderFields { ["Authorization": "Bearer \(token)", "Cookie": "none=1"] }

    var csrf: HeaderFields { ["X-CSRF-Token": client.cookies["palco_csrf"] ?? ""] }
}

extension InProcessClient.Answer {
    var tokens: Visitor.Tokens { get throws { try decode(Visitor.Tokens.self) } }
    var refusal: Visitor.Refusal { get throws { try decode(Visitor.Refusal.self) } }
}
