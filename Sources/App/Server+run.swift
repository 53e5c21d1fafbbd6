import Accounts
import Bus
import FoundationEssentials
import Glibc
import Reactor
import SQL
import Security
import Telemetry
import Videos
import Web

extension Server {
    /// The signals that `run` wants. Without certificates there is nothing to load anew, and SIGHUP ends the process as
    /// it does by default.
    public static func signals(for settings: Settings) -> [SignalNumber] {
        settings.tlsIdentities.isEmpty ? [.terminate, .interrupt] : [.terminate, .interrupt, .hangUp]
    }

    /// `palco serve`: from settings to the exit, until a signal. SIGHUP loads the certificates anew.
    public static func run(_ settings: Settings, log: Log, signals: SignalStream) async throws {
        raiseFileLimit()
        // Also what a failure says on its way out.
        defer { log.flush() }
        let server = try await build(settings, log: log)
        do {
            if let administrator = try await server.ensureAdministrator() { introduce(administrator) }
        } catch {
            await server.stop()
            throw error
        }
        let loop = server.services.loops.loops[0]
        try await server.serve(
            started: { ports in
                let host = settings.host.contains(":") ? "[\(settings.host)]" : settings.host
                if let port = ports.secure { say("listening on https://\(host):\(port)") }
                say("listening on http://\(host):\(ports.plain)")
            },
            until: {
                while let signal = await signals.next(on: loop) {
                    guard signal == .hangUp else {
                        log.info("stopping", ["signal": .init(signal.rawValue)])
                        return
                    }
                    await server.reloadCertificates()
                }
            })
        log.info("stopped")
    }

    /// As many connections and files as the system allows this process.
    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// How many connections and files this process may have open.
    static var openFileLimit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        return Int(clamping: limit.rlim_cur)
    }

    private static func introduce(_ administrator: NewAdministrator) {
        if let password = administrator.generatedPassword {
            say("first administrator: \(administrator.user.email) password: \(password) (shown this once)")
        } else {
            say("first administrator: \(administrator.user.email)")
        }
        if administrator.isPasswordWeak { say("warning: PALCO_ADMIN_PASSWORD is weak; change it after signing in") }
    }

    /// A line for people, at once, beside the log.
    private static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }

    public struct MadeAdministrator: Sendable {
        public let email: String
        public let generatedPassword: String?
    }

    /// `palco admin create`.
    public static func createAdministrator(_ settings: Settings, email: String) async throws -> MadeAdministrator {
        let administrator = try await withAccounts(settings) { accounts in
            try await accounts.administrators(
                email: email, password: settings.adminPassword, by: AccountCommands.origin)
        }
        return MadeAdministrator(
            email: "\(administrator.user.email)", generatedPassword: administrator.generatedPassword)
    }

    /// `palco admin unlock`.
    public static func unlockAccount(_ settings: Settings, email: String) async throws {
        try await withAccounts(settings) { accounts in
            try await accounts.unlock(email: email, by: AccountCommands.origin)
        }
    }

    /// A refusal in one line, for people.
    static func words(of problem: Problem) -> String {
        guard !problem.errors.isEmpty else { return problem.detail ?? problem.code }
        return problem.errors.map { "\($0.field): \($0.detail)" }.joined(separator: " ")
    }

    /// `palco keys rotate`.
    ///
    /// - Returns: the new key's name.
    /// - Throws: `ServerError.noTokenKeys`.
    public static func rotateTokenKeys(_ settings: Settings) async throws -> String {
        let name = try await withAccounts(settings) { accounts in
            try await accounts.tokenKeys.rotate(by: AccountCommands.origin)
        }
        guard let name else { throw ServerError.noTokenKeys }
        return name
    }

    /// Runs `body` beside a server that may be running, for it touches nothing but the database.
    static func withAccounts<Value: Sendable>(
        _ settings: Settings, _ body: (AccountServices) async throws -> Value
    ) async throws -> Value {
        try makePrivateFolder(settings.dataFolder)
        try makePrivateFolder("\(settings.dataFolder)/secrets")
        let database = try await Database.open(settings.database, migrations: migrations)
        let secret: SigningSecret
        do {
            secret = try await Installation(database: database).secret(
                at: "\(settings.dataFolder)/secrets/signing.key")
        } catch {
            await database.close()
            throw error
        }
        let pool = try BlockingPool(name: "passwords", threads: 1)
        // A server that runs beside this reads in the rows which grants have ended. Here nobody listens to events.
        let follow = FollowAccess(
            GrantRevocations(lifetime: settings.videos.longestGrant), events: nil, now: { database.now })
        var accountSettings = settings.accounts
        accountSettings.passwordPolicy = PasswordPolicy(settings.passwordRule, blocklist: PasswordList.load(.silent))
        let accounts = AccountServices(
            AccountServices.Foundation(
                database: database, hasher: PasswordHasher(pool: pool), secret: secret,
                follow: { try follow($0, in: $1) }, facts: settings.kafkaBrokers.map { _ in Outbox(log: .silent) },
                // A server sends what is posted here.
                mail: settings.mailQueue(in: database, log: .silent) { _, _, _ in throw CancellationError() }),
            settings: accountSettings)
        let outcome: Result<Value, any Error>
        do { outcome = .success(try await body(accounts)) } catch { outcome = .failure(error) }
        await database.close()
        await pool.shutdown()
        do {
            return try outcome.get()
        } catch let error as any ProblemConvertible {
            throw ServerError.account(words(of: error.problem))
        }
    }
}
