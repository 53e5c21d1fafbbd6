import FoundationEssentials
import Reactor
import SQL
import Synchronization
import Telemetry

@testable import Mail
@testable import TestSupport

/// A queue of mails over a database of its own, a carrier that does as it is told, and a clock that stands still until told.
final class MailHouse: Sendable {
    struct Carried: Sendable, Equatable {
        var recipient: String
        var message: String
    }

    struct Away: Error {}

    let database: Database
    let log = CapturedLog()
    private let moment = Mutex(Date(timeIntervalSince1970: 1_800_000_000))
    private let carried = Mutex<[Carried]>([])
    /// Nil takes every mail.
    let failure = Mutex<(any Error)?>(nil)

    init() async throws {
        database = try await Database.open(TestDatabase.fresh(), migrations: [MailQueue.migrations])
    }

    var mails: [Carried] { carried.withLock { $0 } }
    var recipients: [String] { mails.map(\.recipient) }

    func advance(by seconds: TimeInterval) { moment.withLock { $0 += seconds } }

    /// - Parameter carry: called before the mail counts as carried.
    func queue(_ carry: (@Sendable (_ recipient: String) async throws -> Void)? = nil) -> MailQueue {
        MailQueue(
            from: MailAddress("noreply@example.org") ?? MailHouse.address("x"), database: database, log: Log(sink: log),
            now: { [self] in moment.withLock { $0 } }
        ) { [self] message, _, recipient in
            try await carry?(recipient)
            if let failure = failure.withLock({ $0 }) { throw failure }
            carried.withLock {
                $0.append(Carried(recipient: recipient, message: String(decoding: message, as: UTF8.self)))
            }
        }
    }

    static func address(_ name: String) -> MailAddress {
        guard let address = MailAddress("\(name)@example.org") else { preconditionFailure("no address: \(name)") }
        return address
    }

    /// - Parameter lifetime: in seconds.
    func post(
        to name: String, in queue: MailQueue, lifetime: TimeInterval = 86_400, isSent: Bool = true
    ) async throws {
        let message = MailMessage(
            to: Self.address(name), subject: "For \(name)", text: "secret of \(name)\n", html: "<p></p>\n",
            language: .english)
        let end = moment.withLock { $0 } + lifetime
        try await database.write { try queue.post(message, until: end, isSent: isSent, in: $0) }
    }

    func rowCount() async throws -> Int {
        try await database.read { try $0.first("SELECT COUNT(*) AS count FROM outgoing_mails")?.value("count") ?? -1 }
    }

    /// Sends what is due now, one after the other.
    func sendDue(_ queue: MailQueue) async {
        while let mail = await queue.next() { await queue.send(mail) }
    }
}
