import BaseEncoding
import FoundationEssentials
import Media
import Reactor
import SQL
import Storage
import Synchronization
import Testing

@testable import Accounts
@testable import App
@testable import Storage
@testable import TestSupport
@testable import Videos

@Suite("Archives of what people would miss")
struct ArchiveTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var archive: String { folder.path + "/archive" }

    /// A real film, for what is imported is looked into.
    private var film: String {
        let named = ProcessInfo.processInfo.environment["PALCO_TEST_MEDIA"] ?? ""
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return (named.isEmpty ? "\(root)/.build/test-media" : named) + "/bikes.mp4"
    }

    /// What somebody drew.
    private func picture() async throws -> [UInt8] {
        let path = folder.path + "/cover.jpg"
        let result = try await ChildProcess.run(
            ChildProcess.Configuration(
                executable: "/usr/bin/ffmpeg",
                arguments: ["-y", "-v", "error", "-f", "lavfi", "-i", "color=red:s=64x36", "-frames:v", "1", path]),
            on: try EventLoop())
        #expect(result.isSuccess)
        return try PrivateFile.contents(of: path)
    }

    /// A house with a film, a cover, captions, a word, a favorite, a position and a list.
    private func fill(_ house: AppHouse) async throws -> VideoID {
        try await house.addPeople()
        // One of the groups is gone.
        let club = try await house.addGroup(of: .user, named: "Club")
        let id = try await house.addVideo(premium: true, groups: [club, GroupID()].sorted())
        let bytes = Array(try Data(contentsOf: URL(filePath: film)))
        let blobs = house.server.services.storage.blobs
        let key = try #require(id.firstVersion.original)
        try await blobs.write(key, bytes)
        try await blobs.write(try #require(BlobKey("videos/\(id)/poster-0123456789ab.jpg")), try await picture())
        let hash = try await blobs.sha256(of: key)
        let sum = Hex.encode(try #require(hash))
        let person = try await house.person(.user)
        let list = WatchListID()
        // As it is kept.
        let words = try WebVTT(
            uploaded: Array("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHola\n".utf8), as: nil, language: nil
        ).render(isForHLS: false)
        try await house.database.write { transaction in
            try transaction.execute(
                """
                UPDATE videos SET checksum = $2, byte_count = $3, title = '=1+1', description = 'Ünï', category = 'Bikes',
                view_count = 7, language = 'es', recorded_on = '2026-01-31', chapters = '[{"start":1.5,"title":"One"}]',
                downloads = 'mp4', is_hidden = 1, poster = '0123456789ab', poster_time = 2.5, is_featured = 1,
                password_hash = (SELECT password_hash FROM users WHERE role = 'admin') WHERE id = $1
                """, id, sum, bytes.count)
            try transaction.execute("INSERT INTO video_tags (video_id, position, name) VALUES ($1, 0, 'a')", id)
            try transaction.execute("INSERT INTO video_people (video_id, position, name) VALUES ($1, 0, 'Ana')", id)
            try transaction.execute(
                "INSERT INTO video_transcripts (video_id, text, updated_at) VALUES ($1, 'Said', 5)", id)
            try transaction.execute(
                """
                INSERT INTO video_captions (video_id, language, label, kind, cue_count, text, version, updated_at)
                VALUES ($1, 'es', 'Clear', 'subtitles', 1, $2, 'v', 5)
                """, id, words)
            try transaction.execute(
                "INSERT INTO terms (id, kind, name, role, is_listed, created_at) VALUES ($1, 'person', 'Ana', 'cast', 1, 3)",
                TermID())
            try transaction.execute(
                "INSERT INTO terms (id, kind, name, is_listed, created_at) VALUES ($1, 'category', 'Bikes', 0, 4)",
                TermID())
            try transaction.execute(
                "INSERT INTO favorites (user_id, video_id, added_at, added_month) VALUES ($1, $2, 9, '2026-01')",
                person,
                id)
            try transaction.execute(
                "INSERT INTO watch_positions (user_id, video_id, position, updated_at) VALUES ($1, $2, 1.5, 11)",
                person,
                id)
            try transaction.execute(
                "INSERT INTO watch_lists (id, user_id, name, created_at, updated_at) VALUES ($1, $2, 'Later', 12, 13)",
                list, person)
            try transaction.execute(
                "INSERT INTO watch_list_videos (list_id, video_id, position) VALUES ($1, $2, 0)", list, id)
        }
        return id
    }

    /// What an archive of a house says.
    private func exported(_ settings: Settings, to path: String) async throws -> [String: [UInt8]] {
        _ = try await Server.export(settings, to: path) { _ in }
        return try ArchiveFolder.lists.reduce(into: [:]) { found, name in
            found[name] = try PrivateFile.contents(of: "\(path)/\(name)")
        }
    }

    private func take(_ settings: Settings) async throws -> (text: String, isWhole: Bool) {
        var end: (text: String, isWhole: Bool)?
        try await eventually("an earlier life lets go of the folder") {
            do { end = try await Server.importArchive(settings, from: archive) { _ in } } catch StorageError.inUse {}
            return end != nil
        }
        return try #require(end)
    }

    @Test("An empty house that takes an archive says the same afterwards; twice changes nothing")
    func whole() async throws {
        let house = try await AppHouse(in: folder)
        let id = try await fill(house)
        let wanted = try await exported(house.server.settings, to: archive)
        #expect(wanted["videos.jsonl"].map { String(decoding: $0, as: UTF8.self) }?.contains("Hola") == true)
        #expect(wanted["videos.jsonl"].map { String(decoding: $0, as: UTF8.self) }?.contains("\"Club\"") == true)
        // Of all that an archive can say of a video this one has something, so that a field that is not taken is seen below.
        let line = try #require(wanted["videos.jsonl"])
        let archived = try JSONDecoder().decode(ArchivedVideo.self, from: Data(line))
        for field in Mirror(reflecting: archived).children {
            let value = Mirror(reflecting: field.value)
            // Its file was not replaced.
            let isWanted = value.displayStyle != .optional || field.label == "version"
            #expect(isWanted || value.children.count == 1, "\(field.label ?? "")")
        }
        await house.server.stop()
        let other = try TemporaryFolder()
        let settings = AppHouse.settings(in: other)
        let first = try await take(settings)
        #expect(first.isWhole && first.text.contains("4 people and 1 videos"), "\(first.text)")
        let original = "\(settings.dataFolder)/videos/\(id)/original"
        #expect(try PrivateFile.contents(of: original) == PrivateFile.contents(of: film))
        let cover = try PrivateFile.contents(of: "\(settings.dataFolder)/videos/\(id)/poster-0123456789ab.jpg")
        #expect(cover.starts(with: [0xFF, 0xD8]))
        let second = try await take(settings)
        #expect(second.isWhole && second.text.contains("0 people and 0 videos"), "\(second.text)")
        let found = try await exported(settings, to: other.path + "/archive")
        for name in ArchiveFolder.lists { #expect(found[name] == wanted[name], "\(name)") }
        // It is encoded by the servers that run next.
        let location = settings.database
        let database = try await Database.open(location, migrations: Server.migrations)
        #expect(try await database.read { try $0.query("SELECT id FROM encoding_tasks").isEmpty } == false)
        let seen = try await database.read { access in
            var video = try #require(try VideoStore().find(id, in: access))
            // Hidden, it is seen by no group.
            video.isHidden = false
            return try Role.allCases.filter { role in
                let person: UserID = try #require(
                    try access.first("SELECT id FROM users WHERE role = $1", role.rawValue)?.value("id"))
                let groups = try GroupStore().ids(of: person, in: access)
                let viewer = Viewer(id: person, role: role == .user ? .premium : role, groups: groups)
                return VideoAccess.decide(viewer, video.subject, .list) == .allowed
            }
        }
        #expect(seen == [.user, .admin], "whoever was in the group, and the owner")
        await database.close()
    }

    @Test(
        "In a house that has rows, people are known by their addresses and videos get another id where theirs is taken")
    func among() async throws {
        let house = try await AppHouse(in: folder)
        let id = try await fill(house)
        _ = try await exported(house.server.settings, to: archive)
        let admin = try await house.person(.admin)
        await house.server.stop()
        let other = try TemporaryFolder()
        let there = try await AppHouse(in: other)
        let ownAdmin = try await there.person(.admin)
        // Another video of the same id.
        _ = try await there.database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO videos (id, owner_id, title, description, is_premium, is_hidden, checksum, byte_count,
                file_name, status, progress, kind, renditions, warnings, view_count, created_at, updated_at)
                VALUES ($1, $2, 'Row', '', 0, 0, 'other', 1, '', 'ready', 1, 'video', '[]', '[]', 0, 1, 1)
                """, id, ownAdmin)
        }
        await there.server.stop()
        let settings = AppHouse.settings(in: other)
        for run in 0..<2 {
            let end = try await take(settings)
            #expect(
                end.isWhole && end.text.contains(run == 0 ? "3 people and 1 videos" : "0 people and 0 videos"),
                "\(end.text)")
        }
        let database = try await Database.open(settings.database, migrations: Server.migrations)
        let (owners, favorites) = try await database.read { access in
            (
                try access.query("SELECT owner_id, id FROM videos ORDER BY title").map {
                    (try $0.value("owner_id", as: UserID.self), try $0.value("id", as: VideoID.self))
                }, try access.query("SELECT video_id FROM favorites").map { try $0.value("video_id", as: VideoID.self) }
            )
        }
        await database.close()
        #expect(admin != ownAdmin && owners.map(\.0) == [ownAdmin, ownAdmin])
        let taken = try #require(owners.first).1
        #expect(taken != id && owners.last?.1 == id && favorites == [taken])
    }

    @Test("An archive without its manifest, or that was changed, is not taken; a wrong original is told")
    func refused() async throws {
        let house = try await AppHouse(in: folder)
        let id = try await fill(house)
        _ = try await exported(house.server.settings, to: archive)
        await house.server.stop()
        let other = try TemporaryFolder()
        let settings = AppHouse.settings(in: other)
        let original = "\(archive)/videos/\(id)/original"
        let bytes = try PrivateFile.contents(of: original)
        try PrivateFile.replace(original, Array(bytes.dropLast()) + [0x5A])
        let end = try await take(settings)
        #expect(!end.isWhole && end.text.contains("1 were refused"), "\(end.text)")
        // Mended, it goes on, but for its cover.
        try PrivateFile.replace(original, bytes)
        let cover = "\(archive)/videos/\(id)/poster-0123456789ab.jpg"
        let drawn = try PrivateFile.contents(of: cover)
        try PrivateFile.replace(cover, Array("GIF89a".utf8))
        let bare = try await take(settings)
        #expect(!bare.isWhole && bare.text.contains("1 were refused"), "\(bare.text)")
        try PrivateFile.replace(cover, drawn)
        let again = try await take(settings)
        #expect(again.isWhole && again.text.contains("0 people and 1 videos"), "\(again.text)")
        let list = "\(archive)/people.jsonl"
        try PrivateFile.replace(list, PrivateFile.contents(of: list) + [10])
        let changed = try await #require(throws: ServerError.self) { try await self.take(settings) }
        #expect("\(changed)".contains("people.jsonl"))
        try FileManager.default.removeItem(atPath: archive + "/archive.json")
        let none = try await #require(throws: ServerError.self) { try await self.take(settings) }
        #expect("\(none)".contains("not finished"))
    }
}
