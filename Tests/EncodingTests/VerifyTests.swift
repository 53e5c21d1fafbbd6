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
