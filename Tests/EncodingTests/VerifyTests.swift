import FoundationEssentials
import Media
import Storage
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("Whether all that was made is there")
struct VerifyTests {
    private func verify(_ studio: Studio, _ id: EncodingID) async throws -> [VerifyEncoding.Finding] {
        try await VerifyEncoding(database: studio.database, blobs: studio.storage.blobs)(id).findings
    }

    private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    /// Flips a bit in the middle.
    private func damage(_ path: String) throws {
        var bytes = try bytes(path)
        bytes[bytes.count / 2] ^= 1
        try Data(bytes).write(to: URL(filePath: path))
    }

    @Test("A bit of a segment or a picture, and what is missing, are found and made anew from the original")
    func remade() async throws {
        let folder = NSTemporaryDirectoryPath.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let id = try await Studio.open(folder) { studio in
            let id = try await studio.add(TestMedia.bikes)
            try await studio.complete(id)
            try await studio.drained()
            let (count, findings) = try await VerifyEncoding(
                database: studio.database, blobs: studio.storage.blobs)(id)
            #expect(findings.isEmpty, "\(findings.map { "\($0.file.key) \($0.words)" })")
            // All that lies there is known but the original.
            #expect(try await studio.keys(VideoFiles.folder(id)).count == count + 1)
            return id
        }
        let wrong = try await Studio.open(folder, isWorking: false) { studio in
            let presentation = try await studio.presentation(id)
            var damaged: [BlobKey] = [VideoFiles.picture(id, .thumbnail), VideoFiles.picture(id, .storyboard)]
            var missing: [BlobKey] = [VideoFiles.picture(id, .storyboardCues)]
            for track in presentation.video + presentation.audio {
                damaged.append(try #require(VideoFiles.segment(id, track.name, 0)))
                missing.append(try #require(VideoFiles.initSegment(id, track.name)))
            }
            for key in damaged { try damage(studio.path(of: key)) }
            for key in missing { try FileManager.default.removeItem(atPath: studio.path(of: key)) }
            let findings = try await verify(studio, id)
            #expect(Set(findings.map(\.file.key)) == Set(damaged + missing))
            #expect(Set(findings.filter(\.isMissing).map(\.file.key)) == Set(missing))
            try await RemakeFiles(studio.queue, blobs: studio.storage.blobs)(findings, of: id)
            return damaged + missing
        }
        try await Studio.open(folder) { studio in
            try await studio.drained()
            let findings = try await verify(studio, id)
            #expect(findings.isEmpty, "\(findings.map { "\($0.file.key) \($0.words)" })")
            for key in wrong { #expect(try await studio.storage.blobs.exists(key), "\(key)") }
            let presentation = try await studio.presentation(id)
            for track in presentation.video + presentation.audio {
                #expect(track.isComplete, "\(track.name)")
                try await studio.ffmpeg(["-i", studio.served(id, track.name), "-f", "null", "-"])
            }
        }
    }

    /// A film with captions that is read as a whole first, because its index does not hold.
    private func readWhole(_ studio: Studio) async throws -> EncodingID {
        let (text, film) = ("\(studio.folder)/text.srt", "\(studio.folder)/film.mkv")
        try Data("1\n00:00:01,000 --> 00:00:02,000\nOne\n".utf8).write(to: URL(filePath: text))
        try await studio.ffmpeg([
            "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=6", "-f", "lavfi", "-i", "sine=duration=6",
            "-i",
            text, "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-g", "25", "-c:a", "aac", "-c:s", "srt",
            film,
        ])
        let id = try await studio.add(film)
        try await studio.database.write { transaction in
            try EncodingStore.setNeedsMezzanine(id, in: transaction)
            try EncodingStore.removeTasks(of: id, in: transaction)
            try TaskQueue.add(.mezzanine, of: id, priority: 1, in: transaction)
        }
        return id
    }

    @Test(
        "What is lost of a film that was read as a whole is made anew although what it was made from is gone",
        arguments: ["all was made", "work was left"])
    func remadeWhole(name: String) async throws {
        let folder = NSTemporaryDirectoryPath.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let id = try await Studio.open(folder) { studio in
            let id = try await readWhole(studio)
            try await studio.drained()
            #expect(try await verify(studio, id).isEmpty)
            #expect(try await !studio.storage.blobs.exists(VideoFiles.mezzanine(id)))
            return id
        }
        try await Studio.open(folder, isWorking: false) { studio in
            let presentation = try await studio.presentation(id)
            var damaged: [BlobKey] = [VideoFiles.picture(id, .thumbnail)]
            var missing: [BlobKey] = [VideoFiles.picture(id, .storyboard)]
            missing.append(try #require(VideoFiles.captions(id, "captions0")))
            for track in presentation.video + presentation.audio {
                damaged.append(try #require(VideoFiles.segment(id, track.name, 0)))
                missing.append(try #require(VideoFiles.initSegment(id, track.name)))
            }
            for key in damaged { try damage(studio.path(of: key)) }
            for key in missing { try FileManager.default.removeItem(atPath: studio.path(of: key)) }
            if name == "work was left" {
                // Then what it is made from is promised, and is lost as well.
                try await studio.database.write { transaction in
                    try TaskQueue.add(.captions, of: id, priority: 1, in: transaction)
                }
                missing.append(VideoFiles.mezzanine(id))
            }
            let findings = try await verify(studio, id)
            #expect(Set(findings.map(\.file.key)) == Set(damaged + missing))
            try await RemakeFiles(studio.queue, blobs: studio.storage.blobs)(findings, of: id)
            // Who watches goes on with what is left, as far as it goes.
            let shown = try await studio.presentation(id)
            #expect(shown.video.map(\.name) == presentation.video.map(\.name) && !shown.isGrowing)
            #expect(studio.changes.all(of: id).last?.status == .ready)
        }
        try await Studio.open(folder) { studio in
            try await studio.drained()
            let findings = try await verify(studio, id)
            #expect(findings.isEmpty, "\(findings.map { "\($0.file.key) \($0.words)" })")
            let poisoned = try await studio.database.read {
                try $0.first("SELECT COUNT(*) AS n FROM encoding_tasks")?.value("n", as: Int.self)
            }
            #expect(poisoned == 0)
            let presentation = try await studio.presentation(id)
            #expect(presentation.captions.map(\.name) == ["captions0"])
            for track in presentation.video + presentation.audio {
                #expect(track.isComplete, "\(track.name)")
                try await studio.ffmpeg(["-i", studio.served(id, track.name), "-f", "null", "-"])
            }
            // Nothing is left of what it had before.
            let (count, _) = try await VerifyEncoding(database: studio.database, blobs: studio.storage.blobs)(id)
            #expect(try await studio.keys(VideoFiles.folder(id)).count == count + 1)
            #expect(studio.changes.all(of: id).last.map { $0.status == .ready && $0.progress == 1 } == true)
        }
    }

    @Test("What an older palco made without a checksum is looked into, and known from then on")
    func unknown() async throws {
        try await Studio.with { studio in
            let id = try await studio.add(TestMedia.bikes)
            try await studio.complete(id)
            try await studio.drained()
            try await studio.database.write { transaction in
                try transaction.execute("DELETE FROM encoding_sums")
                try transaction.execute("UPDATE encoding_renditions SET sums = NULL")
            }
            let name = try #require(try await studio.presentation(id).video.first?.name)
            let first = studio.path(of: try #require(VideoFiles.segment(id, name, 0)))
            let whole = try bytes(first)
            // Cut off, it does not open with its key.
            try Data(whole.dropLast(16)).write(to: URL(filePath: first))
            #expect(try await verify(studio, id).map(\.words) == ["is not what it should be"])
            try Data(whole).write(to: URL(filePath: first))
            #expect(try await verify(studio, id).isEmpty)
            try damage(first)
            #expect(try await verify(studio, id).map(\.words) == ["is not what was made"])
        }
    }
}
