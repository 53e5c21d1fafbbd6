import BaseEncoding
import FoundationEssentials
import SQL
import Storage
import Synchronization
import Testing

@testable import App
@testable import TestSupport
@testable import Videos

@Suite("Originals, compared with their rows")
struct VerifyMediaTests {
    @Test("An original of which a bit is another one, or that is missing, is told, and what stands for nothing")
    func originals() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        let blobs = house.server.services.storage.blobs
        var ids: [VideoID] = []
        for number in 0..<3 {
            let (id, bytes) = (try await house.addVideo(), [UInt8](repeating: UInt8(number), count: 5000))
            let key = try #require(id.firstVersion.original)
            try await blobs.write(key, bytes)
            let found = try await blobs.sha256(of: key)
            let sum = Hex.encode(try #require(found))
            _ = try await house.database.write { transaction in
                try transaction.execute(
                    "UPDATE videos SET checksum = $2, byte_count = $3 WHERE id = $1", id, sum, bytes.count)
            }
            ids.append(id)
        }
        let settings = house.server.settings
        let whole = try await Server.verify(settings, repairing: false) { _ in }
        #expect(whole.isWhole && whole.text.contains("3 videos"), "\(whole.text)")
        await house.server.stop()
        let path = "\(settings.dataFolder)/videos/\(ids[0])/original"
        var bytes = Array(try Data(contentsOf: URL(filePath: path)))
        bytes[4999] ^= 128
        try Data(bytes).write(to: URL(filePath: path))
        try FileManager.default.removeItem(atPath: "\(settings.dataFolder)/videos/\(ids[1])/original")
        let orphan = VideoID()
        try FileManager.default.createDirectory(
            atPath: "\(settings.dataFolder)/videos/\(orphan)", withIntermediateDirectories: true)
        let database = try await Database.open(settings.database, migrations: Server.migrations)
        _ = try await database.write { [ids] in
            try $0.execute("UPDATE videos SET poster = '0123456789ab' WHERE id = $1", ids[2])
        }
        await database.close()
        for isRepair in [false, true] {
            let told = Mutex<[String]>([])
            var end: (text: String, isWhole: Bool)?
            try await eventually("the server lets go of the folder") {
                do {
                    end = try await Server.verify(settings, repairing: isRepair) { line in
                        told.withLock { $0.append(line) }
                    }
                } catch StorageError.inUse {}
                return end != nil
            }
            #expect(end?.isWhole == false, "\(end?.text ?? "")")
            let lines = told.withLock { $0 }.sorted()
            let wanted = [
                "videos/\(ids[0])/original is not what was uploaded, and cannot be made anew: the original of \"Row\"",
                "videos/\(ids[1])/original is missing, and cannot be made anew: the original of \"Row\"",
                "videos/\(ids[2])/poster-0123456789ab.jpg is missing, and cannot be made anew: the cover of \"Row\"; choose another",
                "videos/\(orphan) stands for no video: a server removes it when it starts",
            ]
            #expect(lines == wanted.sorted())
        }
    }
}
