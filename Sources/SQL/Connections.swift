import Synchronization

/// The open connections. A job takes one out and puts it back, so that each belongs to one thread at a time.
///
/// `@unchecked Sendable`: `writer` is touched under `writing`, idle readers under `reading`; a connection that was taken
/// out belongs to its taker.
final class Connections: @unchecked Sendable {
    private let writing = Mutex(())
    private let reading = Mutex(())
    private var writer: SQLiteConnection?
    private var idleReaders: [SQLiteConnection]
    let hasReaders: Bool

    init(writer: SQLiteConnection, readers: [SQLiteConnection]) {
        self.writer = writer
        idleReaders = readers
        hasReaders = !readers.isEmpty
    }

    func withWriter<T>(_ body: (SQLiteConnection) throws -> T) throws -> T {
        try writing.withLock { _ in
            guard let writer else { throw SQLError(.closed, "the database is closed") }
            return try body(writer)
        }
    }

    func withReader<T>(_ body: (SQLiteConnection) throws -> T) throws -> T {
        guard hasReaders else { return try withWriter(body) }
        guard let reader = reading.withLock({ _ in idleReaders.popLast() }) else {
            throw SQLError(.closed, "the database is closed")
        }
        defer { reading.withLock { _ in idleReaders.append(reader) } }
        return try body(reader)
    }

    /// Readers first: the last connection to close folds the log into the database.
    func close() {
        reading.withLock { _ in idleReaders = [] }
        writing.withLock { _ in writer = nil }
    }
}

extension DatabaseLocation {
    func readers(_ count: Int) throws -> [SQLiteConnection] {
        guard case .file = self else { return [] }
        return try (0..<max(1, count)).map { _ in try SQLiteConnection(self, access: .read) }
    }
}
