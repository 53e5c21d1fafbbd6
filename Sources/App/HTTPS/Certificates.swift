import FoundationEssentials
import Glibc
import Reactor
import Synchronization
import TLS
import Telemetry

/// The certificates that the server shows, loaded anew when their files change.
///
/// Connections that are open go on with what they began with. Files that cannot be used change nothing: the log says why,
/// and the certificates that worked stay.
final class Certificates: Sendable {
    private struct State {
        var context: TLSContext
        /// What the files looked like when they were loaded, or found unusable.
        var tried: [FileStamp?]
        /// What they looked like at the last look.
        var seen: [FileStamp?]
    }

    private let identities: [TLSContext.Identity]
    private let pool: BlockingPool
    private let log: Log
    /// One set for all loops and all certificates to come, so that sessions go on.
    private let tickets: TicketKeys
    private let challenges: TLSChallenges?
    private let state: Mutex<State>

    private static let protocols = ["h2", "http/1.1"]
    /// Between two looks at the files. They are loaded when two looks found them changed and alike, so that none is read
    /// while a program still writes them.
    private static let pause = Duration.seconds(5)

    /// - Parameters:
    ///   - identities: not empty; the first is for who names no host, or one that no certificate is for.
    ///   - challenges: for the authority that issues them, if it is asked by this server.
    ///   - pool: reads the files.
    /// - Throws: `TLSError`, which names the file that cannot be used.
    init(
        _ identities: [TLSContext.Identity], challenges: TLSChallenges? = nil, pool: BlockingPool, log: Log
    ) throws {
        self.identities = identities
        self.challenges = challenges
        self.pool = pool
        self.log = log
        tickets = TicketKeys { MonotonicTime.now.nanoseconds / 1_000_000_000 }
        let stamps = Self.stamps(of: identities)
        let context = try TLSContext(
            identities, protocols: Self.protocols, tickets: tickets, challenges: challenges)
        state = Mutex(State(context: context, tried: stamps, seen: stamps))
    }

    /// For the next connection.
    var context: TLSContext { state.withLock(\.context) }

    /// Looks at the files now and then until the task is cancelled, and tells of certificates that end soon once a day.
    func run(on loop: EventLoop) async {
        var nextWarning = MonotonicTime.now
        while !Task.isCancelled {
            if MonotonicTime.now >= nextWarning {
                warnOfEnds()
                nextWarning = .now + .seconds(86_400)
            }
            do { try await loop.sleep(for: Self.pause) } catch { return }
            await look()
        }
    }

    /// Loads the files if they have changed and stand still.
    func look() async {
        let isDue = try? await pool.run { [self] in
            let stamps = Self.stamps(of: identities)
            return state.withLock { state in
                defer { state.seen = stamps }
                return stamps != state.tried && stamps == state.seen
            }
        }
        if isDue == true { await reload() }
    }

    /// Loads the files now, whether they have changed or not.
    func reload() async {
        do {
            try await pool.run { [self] in
                let stamps = Self.stamps(of: identities)
                state.withLock { $0.tried = stamps }
                let context = try TLSContext(
                    identities, protocols: Self.protocols, tickets: tickets, challenges: challenges)
                state.withLock { $0.context = context }
            }
            log.info("certificates loaded", ["count": .init(identities.count)])
            warnOfEnds()
        } catch {
            log.error("new certificates cannot be used, the old ones stay", ["reason": .string("\(error)")])
        }
    }

    private func warnOfEnds() {
        for certificate in context.certificates where certificate.daysLeft < TLSContext.Certificate.fewDays {
            log.warning(
                "a certificate ends soon, or has ended",
                ["file": .string(certificate.path), "days_left": .init(certificate.daysLeft)])
        }
    }

    private static func stamps(of identities: [TLSContext.Identity]) -> [FileStamp?] {
        identities.flatMap { [$0.certificate, $0.key, $0.statusPath] }.map(FileStamp.init)
    }
}

/// Tells a file from what lay at its path before.
private struct FileStamp: Equatable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int

    /// Nil where nothing is. Links are followed: programs that renew certificates change where they point.
    init?(path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        device = UInt(facts.st_dev)
        inode = UInt(facts.st_ino)
        size = Int(facts.st_size)
        (seconds, nanoseconds) = (facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec)
    }
}

extension TLSContext.Certificate {
    /// When the end is near enough to be told. Certificates of 90 days are renewed 30 days before their end.
    static let fewDays = 14

    /// Whole days until the end; negative once it has ended.
    var daysLeft: Int { Int(((Double(expiresAt) - Date().timeIntervalSince1970) / 86_400).rounded(.down)) }
}
