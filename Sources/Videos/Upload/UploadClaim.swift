import Reactor
import SQL

/// Keeps all other servers from an upload while a request of this one touches it. With a database of its own a server has no others, and
/// its sessions are enough.
struct UploadClaim: Sendable {
    /// Of what servers tell each other by it.
    static let topic = "upload"
    /// Who gives no sign of life for so long has it no more.
    private static let lease = Duration.seconds(30)

    let database: Database
    let holder: LeaseOwner

    /// Whether there may be other servers.
    var isShared: Bool { database.isShared }

    /// - Parameter asks: whether another server that has it is told that it is wanted here, and ends what it does with it.
    /// - Returns: false while another server has it.
    func take(_ id: UploadID, asking asks: Bool = true) async throws -> Bool {
        guard isShared else { return true }
        let holder = holder
        return try await database.write { transaction in
            let now = try transaction.currentTime()
            let row = try transaction.first("SELECT writer, writer_until FROM uploads WHERE id = $1", id)
            // Nobody can have what is not there.
            guard let row else { return true }
            if let writer = try row.value("writer", as: String?.self), writer != "\(holder)",
                try row.value("writer_until", as: Int64.self) >= now, LeaseOwner(writer)?.isGone != true
            {
                if asks { try transaction.announce(Announcement(Self.topic, "\(id)")) }
                return false
            }
            try Self.write(holder, until: now, id, in: transaction)
            return true
        }
    }

    /// Runs `body` while the claim is kept alive, and gives it back.
    ///
    /// - Parameter interrupt: called when another server has taken it over.
    func keeping<T>(
        _ id: UploadID, on loop: EventLoop, interrupt: (@Sendable () -> Void)?, _ body: () async throws -> T
    ) async throws -> T {
        guard isShared else { return try await body() }
        let heart = Task(executorPreference: loop) { [self] in
            while (try? await loop.sleep(for: Self.lease / 3)) != nil {
                if (try? await extend(id)) == false { interrupt?() }
            }
        }
        let result: Result<T, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        heart.cancel()
        // The request may be cancelled; this must not be.
        await Task { [self] in try? await release(id) }.value
        return try result.get()
    }

    private func extend(_ id: UploadID) async throws -> Bool {
        let holder = holder
        return try await database.write { transaction in
            let row = try transaction.first("SELECT writer FROM uploads WHERE id = $1", id)
            guard let row else { return true }
            guard try row.value("writer", as: String?.self) == "\(holder)" else { return false }
            try Self.write(holder, until: transaction.currentTime(), id, in: transaction)
            return true
        }
    }

    private func release(_ id: UploadID) async throws {
        let holder = holder
        _ = try await database.write {
            try $0.execute("UPDATE uploads SET writer = NULL WHERE id = $1 AND writer = $2", id, "\(holder)")
        }
    }

    private static func write(
        _ holder: LeaseOwner, until now: Int64, _ id: UploadID, in transaction: Transaction
    ) throws {
        try transaction.execute(
            "UPDATE uploads SET writer = $2, writer_until = $3 WHERE id = $1", id, "\(holder)",
            now + lease.wholeNanoseconds / 1000)
    }
}
