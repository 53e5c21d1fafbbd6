import Glibc
import Reactor
import Testing

@testable import SQL
@testable import TestSupport

@Suite("A database whose process or disk ends without warning")
struct SuddenEndTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    static let notes: MigrationSet = [
        Migration("notes-0001", ["CREATE TABLE notes (id BIGINT PRIMARY KEY, text BYTEA NOT NULL)"])
    ]

    static func count(_ database: Database) async throws -> SQLValue? {
        try await database.read { try $0.first("SELECT COUNT(*) AS n FROM notes")?["n"] }
    }

    @Test("Another process that comes and goes leaves the log where it is, and what it wrote is seen")
    func visited() async throws {
        let path = "\(folder.path)/db.sqlite"
        let database = try await Database.open(.file(path), migrations: [Self.notes])
        // The writer comes after the reader.
        try await database.write { _ = try $0.execute("INSERT INTO notes (id, text) VALUES (1, 'x')") }
        let script = """
            import sqlite3, sys
            database = sqlite3.connect(sys.argv[1])
            database.execute("INSERT INTO notes (id, text) VALUES (2, 'x')")
            database.commit()
            database.close()
            """
        let result = try await ChildProcess.run(
            ChildProcess.Configuration(executable: "/usr/bin/python3", arguments: ["-c", script, path]),
            on: try EventLoop())
        #expect(result.isSuccess)
        #expect(access(path + "-wal", F_OK) == 0)
        #expect(try await Self.count(database) == .integer(2))
        try await database.write { _ = try $0.execute("INSERT INTO notes (id, text) VALUES (3, 'x')") }
        #expect(try await Self.count(database) == .integer(3))
        await database.close()
    }

    @Test("Killed in the middle of a transaction: what was committed is there, the rest is not")
    func killed() async throws {
        let path = "\(folder.path)/db.sqlite"
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let database = try await Database.open(.file(path), migrations: [Self.notes])
            for id in 0..<50 {
                try await database.write { _ = try $0.execute("INSERT INTO notes (id, text) VALUES ($1, 'x')", id) }
            }
            try await database.write { transaction in
                for id in 100..<1_000 {
                    try transaction.execute("INSERT INTO notes (id, text) VALUES ($1, 'x')", id)
                }
                kill(getpid(), SIGKILL)
            }
        }
        let database = try await Database.open(.file(path), migrations: [Self.notes])
        #expect(try await Self.count(database) == .integer(50))
        let integrity = try await database.read { try $0.first("PRAGMA integrity_check")?.values.first }
        #expect(integrity == .text("ok"))
        await database.close()
    }

    @Test(
        "On a full disk a write says so and undoes itself, and reading goes on",
        .enabled(if: geteuid() == 0, "needs root to mount a small disk"))
    func fullDisk() async throws {
        try #require(mount("none", folder.path, "tmpfs", 0, "size=\(1 << 20)") == 0)
        defer { umount2(folder.path, Int32(MNT_DETACH)) }
        let database = try await Database.open(.file("\(folder.path)/db.sqlite"), migrations: [Self.notes])
        let page = [UInt8](repeating: 1, count: 20_000)
        let error = await #expect(throws: SQLError.self) {
            for id in 0..<1_000 {
                try await database.write {
                    _ = try $0.execute("INSERT INTO notes (id, text) VALUES ($1, $2)", id, page)
                }
            }
        }
        #expect(error?.code == .diskFull)
        let kept = try await Self.count(database)
        #expect(kept != .integer(0))
        await database.close()
    }
}
