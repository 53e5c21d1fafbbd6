import CPostgreSQL
import Glibc
import Reactor
import Synchronization

/// Hears what other servers announce, on a thread and a connection of its own, until it is stopped.
final class DatabaseListener: Sendable {
    /// Announcements that wait to be heard; when there are more, a gap is told.
    private static let capacity = 10_000
    /// A connection that is silent for so long is asked whether it is there, in milliseconds.
    private static let silence: Int32 = 15_000
    private static let firstPause: Int32 = 50
    private static let longestPause: Int32 = 5_000

    let heard: AsyncStream<Heard>
    private let instance: String
    private struct Control {
        /// Who hears messages; nil while nobody wants to.
        var follower: (@Sendable (HeardMessage) -> Void)?
        /// A byte in it has the thread look anew, and `stop` closes it.
        var stopper: Int32?
    }

    private let control: Mutex<Control>
    private let clock: DatabaseClock
    /// What two roads bring is heard once.
    private let recent = RecentPayloads()
    private let continuation: AsyncStream<Heard>.Continuation
    private let thread: BlockingPool
    /// The other end of the control's; the thread waits for it.
    private let wake: Int32

    init(_ address: String, instance: String, clock: DatabaseClock) throws {
        self.instance = instance
        self.clock = clock
        (heard, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.capacity))
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw SQLError(.cannotOpen, "no listener: \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        wake = ends[0]
        control = Mutex(Control(stopper: ends[1]))
        thread = try BlockingPool(name: "sql-listen", threads: 1)
        Task { [thread] in try? await thread.run { [self] in listen(address, instance) } }
    }

    deinit { close(wake) }

    func stop() async {
        control.withLock { control in
            if let stopper = control.stopper.take() { close(stopper) }
        }
        await thread.shutdown()
        continuation.finish()
    }

    /// From now on messages are heard, too. Called once.
    ///
    /// - Parameter listener: called on the thread that listens; it must be short.
    func follow(_ listener: @escaping @Sendable (HeardMessage) -> Void) {
        control.withLock { control in
            control.follower = listener
            var byte: UInt8 = 0
            if let stopper = control.stopper { _ = write(stopper, &byte, 1) }
        }
    }

    private func listen(_ address: String, _ instance: String) {
        var pause = Self.firstPause
        // What was announced before it listens is not heard.
        var hasGap = true
        while true {
            do {
                let connection = try PostgreSQLConnection(address, instance: instance)
                clock.learn(try connection.currentTime())
                try connection.becomePresent()
                try connection.listen(to: .announcements)
                if hasGap { tell(.gap, &hasGap) }
                pause = Self.firstPause
                var follower: (@Sendable (HeardMessage) -> Void)?
                repeat {
                    if follower == nil {
                        follower = control.withLock { $0.follower }
                        if follower != nil { try connection.listen(to: .messages) }
                        follower?(.gap)
                    }
                    for (channel, payload) in try connection.payloads() {
                        guard channel == .announcements else {
                            follower?(.message(payload))
                            continue
                        }
                        guard let one = Announcement(payload: payload, readBy: instance), recent.add(payload) else {
                            continue
                        }
                        tell(.announcement(one), &hasGap)
                    }
                } while try goesOn(connection)
                return
            } catch {
                hasGap = true
                tell(.gap, &hasGap)
                hasGap = true
                if isStopped(within: pause, or: nil) == true { return }
                pause = min(Self.longestPause, pause * 2)
            }
        }
    }

    /// What came by another road. From any thread.
    ///
    /// - Returns: whether it is news: neither this server's own nor heard already.
    func hear(_ payload: String) -> Bool {
        guard let one = Announcement(payload: payload, readBy: instance), recent.add(payload) else { return false }
        if case .enqueued = continuation.yield(.announcement(one)) { return true }
        // The database brings it as well.
        recent.forget(payload)
        return false
    }

    private func tell(_ heard: Heard, _ hasGap: inout Bool) {
        if hasGap, case .enqueued = continuation.yield(.gap) { hasGap = false }
        guard heard != .gap else { return }
        if case .dropped = continuation.yield(heard) { hasGap = true }
    }

    /// Waits for what comes; a connection that says nothing is asked for the time, so that it is seen whether it is there. False once it is
    /// to stop.
    private func goesOn(_ connection: PostgreSQLConnection) throws -> Bool {
        guard let isStopped = isStopped(within: Self.silence, or: connection.socket) else {
            clock.learn(try connection.currentTime())
            return true
        }
        return !isStopped
    }

    /// Waits for one of the two; nil where neither came in time.
    private func isStopped(within milliseconds: Int32, or socket: Int32?) -> Bool? {
        var descriptors = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
        if let socket { descriptors.append(pollfd(fd: socket, events: Int16(POLLIN), revents: 0)) }
        if poll(&descriptors, nfds_t(descriptors.count), milliseconds) == 0 { return nil }
        if descriptors[0].revents & Int16(POLLHUP) != 0 { return true }
        var byte: UInt8 = 0
        if descriptors[0].revents & Int16(POLLIN) != 0 { _ = read(wake, &byte, 1) }
        return false
    }
}

/// Announcements that were heard a moment ago.
private final class RecentPayloads: Sendable {
    private static let capacity = 4096

    private struct State {
        var known: Set<String> = []
        /// In the order in which they came; the oldest is overwritten.
        var ring: [String] = []
        var next = 0
    }

    private let state = Mutex(State())

    /// - Returns: whether it was not there.
    func add(_ payload: String) -> Bool {
        state.withLock { state in
            guard state.known.insert(payload).inserted else { return false }
            if state.ring.count < Self.capacity {
                state.ring.append(payload)
            } else {
                state.known.remove(state.ring[state.next])
                state.ring[state.next] = payload
                state.next = (state.next + 1) % Self.capacity
            }
            return true
        }
    }

    func forget(_ payload: String) { state.withLock { _ = $0.known.remove(payload) } }
}

/// What PostgreSQL's notifications are for. Each schema has channels of its own.
enum NotificationChannel: String, CaseIterable {
    /// Of changes of rows.
    case announcements = "palco."
    /// What servers tell each other and no row holds.
    case messages = "palco:"
}

extension PostgreSQLConnection {
    var socket: Int32 { PQsocket(connection) }

    func listen(to channel: NotificationChannel) throws {
        let schema = try query("SELECT current_schema() AS name", [], access: .read).first?["name"]
        guard case .text(let name) = schema else { throw SQLError(.cannotOpen, "the database has no schema") }
        try runOnce("LISTEN \"\(channel.rawValue)\(name.replacing("\"", with: "\"\""))\"")
    }

    func announce(_ payload: String) throws { try notify(payload, .announcements) }

    func send(_ messages: [String]) throws {
        for message in messages { try notify(message, .messages) }
        // Nothing of it is a row, so nobody waits for the disk. It is the transaction's, which began with the first of them.
        if !messages.isEmpty { try runOnce("SET LOCAL synchronous_commit = off") }
    }

    private func notify(_ payload: String, _ channel: NotificationChannel) throws {
        _ = try query(
            "SELECT pg_notify($1 || current_schema(), $2)", [.text(channel.rawValue), .text(payload)], access: .write)
    }

    /// What has come by now.
    func payloads() throws -> [(NotificationChannel, String)] {
        var found: [(NotificationChannel, String)] = []
        let isThere = PQconsumeInput(connection) == 1
        guard PQstatus(connection) == CONNECTION_OK, isThere else {
            throw SQLError(.disconnected, "the connection to the database ended")
        }
        while let notification = PQnotifies(connection) {
            let name = String(cString: notification.pointee.relname)
            if let channel = NotificationChannel.allCases.first(where: { name.hasPrefix($0.rawValue) }) {
                found.append((channel, String(cString: notification.pointee.extra)))
            }
            PQfreemem(notification)
        }
        return found
    }
}
