import FoundationEssentials
import Reactor
import SQL
import Synchronization
import Telemetry

/// Hands a message over to a mail server.
///
/// - Throws: `MailRefused` where that server will never take it; anything else is tried again.
public typealias MailCarrier =
    @Sendable (_ message: [UInt8], _ sender: String, _ recipient: String) async throws -> Void

/// The server will never take this mail.
public struct MailRefused: Error, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Mails on their way out: rows that are kept with the change that they tell of, and go when a server has taken them.
///
/// - Rule: a mail is posted in the transaction that makes the link in it. It arrives at least once, or is given up and told in the log.
/// - Bound: `capacity` rows of `longest` bytes. What has no place is dropped and counted: no sign-in fails because a mail server is away.
public final class MailQueue: Sendable {
    public static let migrations = MailStore.migrations

    /// How things stand.
    public struct Numbers: Sendable, Equatable {
        /// That wait, as they were counted last, with those that came here since.
        public var waiting = 0
        /// When the first of them was posted.
        public var oldest: Date?
        public var sent = 0
        /// Attempts that came to nothing.
        public var failed = 0
        /// Given up, or without a place.
        public var dropped = 0

        /// In seconds; 0 where none waits.
        public func oldestAge(at time: Date) -> Double { max(0, oldest.map { time.timeIntervalSince($0) } ?? 0) }
    }

    static let capacity = 10_000
    static let longest = 64 << 10
    /// Mails that are handed over at a time, so that one that a server is slow with holds up no other.
    static let mostAtOnce = 4
    /// How long a sender may be silent. More than an attempt takes.
    static let lease: TimeInterval = 300
    /// After each attempt that came to nothing, in seconds; after the last of these pauses it is tried once more: nine hours in all.
    static let pauses: [TimeInterval] = [5, 30, 120, 600, 1_800, 7_200, 21_600]
    private static let tick = Duration.seconds(5)

    let sender: MailAddress
    let database: Database
    let log: Log
    let now: @Sendable () -> Date
    private let carry: MailCarrier
    private let store = MailStore()
    let owner = LeaseOwner()
    private let state = Mutex((numbers: Numbers(), underWay: 0))
    /// One element once something may have to be sent.
    private let rings: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    /// - Parameter sender: whom all mails are from.
    public init(
        from sender: MailAddress, database: Database, log: Log, now: @escaping @Sendable () -> Date,
        carry: @escaping MailCarrier
    ) {
        self.sender = sender
        self.database = database
        self.log = log
        self.now = now
        self.carry = carry
        (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    public var numbers: Numbers { state.withLock { $0.numbers } }

    // MARK: Posting

    /// Kept with the transaction, or not at all.
    ///
    /// - Parameters:
    ///   - end: when it is of no use any more.
    ///   - isSent: false makes the same work, and nobody gets it: where the time of an answer must not tell who has an account.
    public func post(
        _ message: MailMessage, until end: Date, isSent: Bool = true, in transaction: Transaction
    ) throws {
        let (id, moment) = (MailID(), now())
        let bytes = message.bytes(from: sender, id: id, at: moment)
        let hasPlace = state.withLock { $0.numbers.waiting < Self.capacity } && bytes.count <= Self.longest
        guard hasPlace else {
            return transaction.afterCommit { [self] in
                state.withLock { $0.numbers.dropped += 1 }
                log.error("a mail has no place in the queue", ["mail": "\(id)", "bytes": .init(bytes.count)])
            }
        }
        try store.insert(
            id, to: isSent ? message.recipient.address : nil, bytes, at: moment, until: end, in: transaction)
        transaction.afterCommit { [self] in
            state.withLock { $0.numbers.waiting += 1 }
            bell.yield()
        }
    }

    // MARK: Sending

    /// Sends what is posted here and elsewhere, until it is cancelled.
    public func run(on loop: EventLoop) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) { [self] in await lookAfter(on: loop) }
            group.addTask(executorPreference: loop) { [self] in await sendAll(on: loop) }
            await group.waitForAll()
        }
        owner.close()
    }

    /// Counts what waits, frees what a process that is gone has left, and has all looked for again and again.
    private func lookAfter(on loop: EventLoop) async {
        repeat {
            do {
                try await freeLost()
                let found = try await database.scan { [store] in try store.count(in: $0) }
                state.withLock { ($0.numbers.waiting, $0.numbers.oldest) = (found.count, found.oldest) }
            } catch {
                log.error("the mails that wait cannot be counted", ["error": .error(error)])
            }
            bell.yield()
        } while (try? await loop.sleep(for: Self.tick)) != nil
    }

    private func freeLost() async throws {
        for owner in try await database.read({ [store] in try store.owners(in: $0) }) where owner.isGone {
            let moment = now()
            let count = try await database.claim { [store] in try store.free(owner, at: moment, in: $0) }
            log.info("mails of a process that is gone are sent by this one", ["count": .init(count)])
        }
    }

    private func sendAll(on loop: EventLoop) async {
        await withDiscardingTaskGroup { group in
            for await _ in rings {
                while takePlace() {
                    guard !Task.isCancelled, let mail = await next() else {
                        leavePlace()
                        break
                    }
                    group.addTask(executorPreference: loop) { [self] in
                        await send(mail)
                        leavePlace()
                        bell.yield()
                    }
                }
            }
        }
    }

    private func takePlace() -> Bool {
        state.withLock { state in
            guard state.underWay < Self.mostAtOnce else { return false }
            state.underWay += 1
            return true
        }
    }

    private func leavePlace() { state.withLock { $0.underWay -= 1 } }

    /// Nil where none is due.
    func next() async -> OutgoingMail? {
        let moment = now()
        do {
            return try await database.claim { [store, owner] in
                try store.claim(for: owner, at: moment, until: moment + Self.lease, in: $0)
            }
        } catch {
            log.error("mails cannot be taken out of the queue", ["error": .error(error)])
            return nil
        }
    }

    func send(_ mail: OutgoingMail) async {
        guard let recipient = mail.recipient else { return await end(mail) }
        guard now() < mail.expiresAt else {
            log.warning("a mail was given up: what it tells is over", ["mail": "\(mail.id)"])
            return await end(mail, isDropped: true)
        }
        do {
            try await carry(mail.message, sender.address, recipient)
            state.withLock { $0.numbers.sent += 1 }
            log.info("mail sent", ["mail": "\(mail.id)", "attempts": .init(mail.attempts)])
            await end(mail)
        } catch is CancellationError {
            // This process ends, which says nothing about the mail.
            await postpone(mail, by: 0, attempts: mail.attempts - 1)
        } catch {
            state.withLock { $0.numbers.failed += 1 }
            let fields: LogFields = ["mail": "\(mail.id)", "attempts": .init(mail.attempts), "error": .error(error)]
            guard !(error is MailRefused), let pause = Self.pauses.dropFirst(max(0, mail.attempts - 1)).first else {
                log.error("a mail was given up", fields)
                return await end(mail, isDropped: true)
            }
            log.warning("a mail was not taken and is tried again", fields)
            await postpone(mail, by: pause, attempts: mail.attempts)
        }
    }

    private func end(_ mail: OutgoingMail, isDropped: Bool = false) async {
        if isDropped { state.withLock { $0.numbers.dropped += 1 } }
        await settle { [store] in _ = try store.remove(mail, in: $0) }
        state.withLock { $0.numbers.waiting = max(0, $0.numbers.waiting - 1) }
    }

    private func postpone(_ mail: OutgoingMail, by seconds: TimeInterval, attempts: Int) async {
        let next = now() + seconds
        await settle { [store] in try store.postpone(mail, until: next, attempts: attempts, in: $0) }
    }

    /// Also when this process is stopping.
    private func settle(_ body: @escaping @Sendable (Transaction) throws -> Void) async {
        await Task { [database, log] in
            do { try await database.claim(body) } catch {
                log.error("what came of a mail could not be kept: it may be sent again", ["error": .error(error)])
            }
        }.value
    }
}
