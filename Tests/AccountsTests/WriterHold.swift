import Glibc
import Reactor
import SQL

/// Holds a database's one writer from `begin` to `end`.
struct WriterHold {
    private let database: Database
    private let exit: Int32
    private let entrance: Int32

    init(_ database: Database) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw SystemError("pipe") }
        self.database = database
        (exit, entrance) = (ends[0], ends[1])
    }

    func begin() async {
        await withCheckedContinuation { isHeld in
            Task { [database, exit] in
                try await database.write { _ in
                    isHeld.resume()
                    var byte: UInt8 = 0
                    _ = read(exit, &byte, 1)
                    close(exit)
                }
            }
        }
    }

    /// Returns when the writer is free again.
    func end() async throws {
        close(entrance)
        try await database.write { _ in }
    }
}
