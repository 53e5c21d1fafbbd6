import FoundationEssentials
import HTTP
import SQL
import Storage
import Synchronization
import Testing
import Web

@testable import App
@testable import SQL
@testable import Storage
@testable import TestSupport
@testable import Videos

@Suite("Backups")
struct BackupTests {
    /// Where a backup is restored.
    enum Place: String, CaseIterable, Sendable {
        case sqlite, postgreSQL, bucket

        func settings(in folder: TemporaryFolder) throws -> Settings {
            var settings = Settings()
            settings.dataFolder = folder.path + "/restored"
            settings.port = 0
            settings.loopCount = 2
            if self == .postgreSQL, case .postgreSQL(let address, _) = try TestDatabase.postgreSQL() {
                settings.databaseAddress = address
            }
            if self == .bucket { settings.storageBucket = try TestBucket.fresh().location }
            return settings
        }
    }

    struct Stored: Sendable {
        var id: VideoID
        var bytes: [UInt8]
    }

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var backup: String { folder.path + "/backup" }

    /// A row and its original.
    private func addVideo(to house: AppHouse, byteCount: Int = 3000) async throws -> Stored {
        let id = VideoID()
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ "\(id)".hashValue) }
        // As an upload does: the blob first.
        try await house.server.services.storage.blobs.write(try #require(id.firstVersion.original), bytes)
        _ = try await house.database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO videos (id, owner_id, title, description, is_premium, is_hidden, checksum, byte_count,
                file_name, status, progress, kind, renditions, warnings, view_count, created_at, updated_at)
                SELECT $1, id, 'Ünï "x"', '', 0, 0, $1, $2, '', 'processing', 0, 'video', '[]', '[]', 0, 1, 1
                FROM users WHERE role = 'admin'
                """, id, bytes.count)
        }
        return Stored(id: id, bytes: bytes)
    }

    private func remove(_ video: Stored, from house: AppHouse) async throws {
        _ = try await house.database.write { try $0.execute("DELETE FROM videos WHERE id = $1", video.id) }
        try await house.server.services.storage.blobs.removeTree(try #require(video.id.firstVersion.folder))
    }

    /// Each row of each table.
    private func rows(_ location: DatabaseLocation) throws -> [String: [[SQLValue]]] {
        let tables = DatabaseCopy.tables(of: Server.migrations.flatMap(\.self))
        return try location.connect(.read).read { access in
            try tables.reduce(into: [:]) { found, table in
                let order = table.columns.joined(separator: ", ")
                let rows = try access.query("SELECT * FROM \(table.name) ORDER BY \(order)")
                found[table.name] = rows.map { row in row.names.sorted().map { row[$0] ?? .null } }
            }
        }
    }

    /// The videos of a database.
    private func videos(_ location: DatabaseLocation) throws -> Set<String> {
        try location.connect(.read).read { access in
            Set(try access.query("SELECT id FROM videos").map { try $0.value("id", as: String.self) })
        }
    }

    private func blobs(_ settings: Settings) async throws -> [String: [UInt8]] {
        try await StorageBeside.with(settings, scratch: folder.path + "/look") { beside in
            var found: [String: [UInt8]] = [:]
            for entry in try await beside.storage.blobs.list("videos") {
                found["\(entry.key)"] = try await beside.storage.blobs.read(entry.key)
            }
            return found
        }
    }

    private func restore(_ settings: Settings) async throws -> (text: String, isWhole: Bool) {
        try await Server.restore(settings, from: backup) { _ in }
    }

    @Test("What is restored is what there was, each row and each byte, and a server goes on", arguments: Place.allCases)
    func whole(place: Place) async throws {
        let house = try await AppHouse(in: folder)
        try await house.addPeople()
        var stored: [Stored] = []
        for count in [0, 1, 300_000] { stored.append(try await addVideo(to: house, byteCount: count)) }
        let end = try await Server.backUp(house.server.settings, to: backup) { _ in }
        #expect(end.isWhole && end.text.contains("as safe as the server"), "\(end.text)")
        let kept = try rows(.file(backup + "/database.sqlite"))
        #expect(try rows(house.server.settings.database) == kept && kept["videos"]?.count == 3)
        await house.server.stop()
        let settings = try place.settings(in: folder)
        let restored = try await restore(settings)
        #expect(restored.isWhole, "\(restored.text)")
        #expect(try rows(settings.database) == kept)
        let found = try await blobs(settings)
        #expect(found.count == 3)
        for video in stored { #expect(found["videos/\(video.id)/original"] == video.bytes) }
        // Passwords and sessions are as they were.
        let again = try await Server.build(settings, log: .silent)
        let answer = try await InProcessClient(again.application).send(
            .post, "/api/v1/auth/login", json: ["email": AppHouse.email, "password": AppHouse.password])
        #expect(answer.status == .ok, "\(answer.text)")
        await again.stop()
        // Nothing is restored over it.
        await #expect(throws: (any Error).self) { try await self.restore(settings) }
    }

    @Test("Uploads, edits and removals go on while a backup is taken: what its rows promise is in it")
    func meanwhile() async throws {
        let house = try await AppHouse(in: folder)
        var stored: [Stored] = []
        for _ in 0..<40 { stored.append(try await addVideo(to: house)) }
        let (kept, leaving) = (Array(stored.prefix(10)), Array(stored.dropFirst(10)))
        let isOver = Mutex(false)
        let work = Task { [self] in
            for video in leaving where !isOver.withLock({ $0 }) {
                try await remove(video, from: house)
                let new = try await addVideo(to: house)
                _ = try await house.database.write {
                    try $0.execute("UPDATE videos SET title = 'Edited' WHERE id = $1", new.id)
                }
            }
        }
        let end = try await Server.backUp(house.server.settings, to: backup) { _ in }
        isOver.withLock { $0 = true }
        try await work.value
        #expect(end.isWhole, "\(end.text)")
        await house.server.stop()
        let settings = try Place.sqlite.settings(in: folder)
        #expect(try await restore(settings).isWhole)
        #expect(try rows(settings.database) == rows(.file(backup + "/database.sqlite")))
        let found = try await blobs(settings)
        for id in try videos(settings.database) { #expect(found["videos/\(id)/original"] != nil) }
        for video in kept { #expect(found["videos/\(video.id)/original"] == video.bytes) }
    }

    @Test("A blob that goes between the rows and the copy makes another round, and one that was lost before is told")
    func lost() async throws {
        let house = try await AppHouse(in: folder)
        let (first, second) = (try await addVideo(to: house), try await addVideo(to: house))
        let isRemoved = Mutex(false)
        let path = "\(house.server.settings.dataFolder)/videos/\(first.id)/original"
        let location = house.server.settings.database
        let told = Mutex<[String]>([])
        let end = try await Server.backUp(house.server.settings, to: backup) { line in
            told.withLock { $0.append(line) }
            guard line.contains("rows were copied"), !isRemoved.withLock({ $0 }) else { return }
            isRemoved.withLock { $0 = true }
            // Right after the rows.
            try? FileManager.default.removeItem(atPath: path)
            _ = try? location.connect(.write).transaction(.write) {
                try $0.execute("DELETE FROM videos WHERE id = $1", first.id)
            }
        }
        #expect(end.isWhole && told.withLock { $0 }.contains { $0.contains("removed meanwhile") }, "\(end.text)")
        #expect(try videos(.file(backup + "/database.sqlite")) == ["\(second.id)"])
        try FileManager.default.removeItem(
            atPath: "\(house.server.settings.dataFolder)/videos/\(second.id)/original")
        // The copy of before is not thrown away by the next one without a word.
        let other = try await Server.backUp(house.server.settings, to: backup) { _ in }
        #expect(!other.isWhole && other.text.contains("\(second.id)"), "\(other.text)")
        #expect(try PrivateFile.contents(of: "\(backup)/blobs/videos/\(second.id)/original") == second.bytes)
        await house.server.stop()
    }

    @Test("Without its manifest it is no backup; called again it goes on, and what is gone leaves it")
    func unfinished() async throws {
        let house = try await AppHouse(in: folder)
        let (first, second) = (try await addVideo(to: house), try await addVideo(to: house))
        _ = try await Server.backUp(house.server.settings, to: backup) { _ in }
        try FileManager.default.removeItem(atPath: backup + "/manifest.json")
        let settings = try Place.sqlite.settings(in: folder)
        let refused = try await #require(throws: ServerError.self) { try await self.restore(settings) }
        #expect("\(refused)".contains("not finished"))
        try FileManager.default.removeItem(atPath: "\(backup)/blobs/videos/\(second.id)/original")
        try await remove(first, from: house)
        let told = Mutex<[String]>([])
        _ = try await Server.backUp(house.server.settings, to: backup) { line in told.withLock { $0.append(line) } }
        #expect(told.withLock { $0 }.contains { $0.contains("1 were brought now") }, "\(told.withLock { $0 })")
        let left = PrivateFile.names(in: "\(backup)/blobs/videos/\(first.id)")
        #expect(left.isEmpty)
        await house.server.stop()
        let strange = folder.path + "/strange"
        try Server.makePrivateFolder(strange)
        try PrivateFile.replace(strange + "/letter.txt", [1])
        let other = try await #require(throws: ServerError.self) {
            _ = try await Server.backUp(house.server.settings, to: strange) { _ in }
        }
        #expect("\(other)".contains("letter.txt"))
    }

    @Test("A restore that was cut off goes on, and no server begins before", arguments: [Place.sqlite, .postgreSQL])
    func cutOff(place: Place) async throws {
        let house = try await AppHouse(in: folder)
        let video = try await addVideo(to: house)
        _ = try await Server.backUp(house.server.settings, to: backup) { _ in }
        await house.server.stop()
        let settings = try place.settings(in: folder)
        try Server.makePrivateFolder(settings.dataFolder)
        try await DatabaseCopy(
            from: .file(backup + "/database.sqlite"), to: settings.database, migrations: Server.migrations
        ).copyRows { _ in }
        let refused = await #expect(throws: SQLError.self) { _ = try await Server.build(settings, log: .silent) }
        #expect(refused?.description.contains("palco restore") == true)
        var isWhole: Bool?
        try await eventually("who was refused lets go of the folder") {
            do { isWhole = try await restore(settings).isWhole } catch StorageError.inUse {}
            return isWhole != nil
        }
        #expect(isWhole == true)
        #expect(try await blobs(settings)["videos/\(video.id)/original"] == video.bytes)
    }

    @Test("Of a damaged backup the rest is restored, and what is damaged is told; damaged rows are not taken")
    func damaged() async throws {
        let house = try await AppHouse(in: folder)
        let videos = [try await addVideo(to: house), try await addVideo(to: house), try await addVideo(to: house)]
        _ = try await Server.backUp(house.server.settings, to: backup) { _ in }
        await house.server.stop()
        func path(_ video: Stored) -> String { "\(backup)/blobs/videos/\(video.id)/original" }
        try PrivateFile.replace(path(videos[0]), [0] + videos[0].bytes.dropFirst().map { $0 ^ 1 })
        try FileManager.default.removeItem(atPath: path(videos[1]))
        let settings = try Place.sqlite.settings(in: folder)
        let end = try await restore(settings)
        #expect(!end.isWhole && end.text.contains("2 blobs"), "\(end.text)")
        #expect(try await blobs(settings) == ["videos/\(videos[2].id)/original": videos[2].bytes])
        var bytes = try PrivateFile.contents(of: backup + "/database.sqlite")
        bytes[bytes.count / 2] ^= 1
        try PrivateFile.replace(backup + "/database.sqlite", bytes)
        let other = try TemporaryFolder()
        let refused = try await #require(throws: ServerError.self) {
            try await self.restore(try Place.sqlite.settings(in: other))
        }
        #expect("\(refused)".contains("database.sqlite"))
    }
}
