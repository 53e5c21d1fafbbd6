import Accounts
import FoundationEssentials
import Glibc
import Reactor
import SQL
import Security
import Telemetry
import Videos

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
            try await accounts.createAdministrator(email: email, password: settings.adminPassword)
        }
        return MadeAdministrator(
            email: "\(administrator.user.email)", generatedPassword: administrator.generatedPassword)
    }

    /// `palco admin unlock`.
    public static func unlockAccount(_ settings: Settings, email: String) async throws {
        try await withAccounts(settings) { accounts in try await accounts.unlock(email: email) }
    }

    /// Runs `body` beside a server that may be running, for it touches nothing but the database.
    private static func withAccounts<Value: Sendable>(
        _ settings: Settings, _ body: (Accounts) async throws -> Value
    ) async throws -> Value {
        try makePrivateFolder(settings.dataFolder)
        try makePrivateFolder("\(settings.dataFolder)/secrets")
        let secret = try SigningSecret.load(orCreateAt: "\(settings.dataFolder)/secrets/signing.key")
        let database = try await Database.open(.file("\(settings.dataFolder)/palco.sqlite"), migrations: migrations)
        let pool = try BlockingPool(name: "passwords", threads: 1)
        // A server that runs beside this reads in the rows which grants have ended. Here nobody listens to events.
        let revocations = GrantRevocations(lifetime: settings.grantLifetime)
        let accounts = Accounts(
            database: database, hasher: PasswordHasher(pool: pool), secret: secret, settings: settings.accounts,
            follow: { change, transaction in
                try VideoCatalogue.follow(change, in: transaction, revocations: revocations, events: nil)
            })
        let outcome: Result<Value, any Error>
        do { outcome = .success(try await body(accounts)) } catch { outcome = .failure(error) }
        await database.close()
        await pool.shutdown()
        do {
            return try outcome.get()
        } catch let error as AccountsError {
            throw ServerError.account(error.problem.detail ?? error.problem.code)
        }
    }
}
