import FoundationEssentials
import Media
import Reactor
import SQL
import Testing

@testable import Encoding

@Suite("Media is read by a confined process")
struct ConfinedReaderTests {
    private static let report =
        #"{"streams":[{"index":0,"codec_type":"video","codec_name":"h264","width":640,"height":272}]}"#

    private func judge(_ studio: Studio, effort: MediaTool.Effort = .inspection) async throws -> MediaFacts {
        let work = JudgeProbe(path: TestMedia.bikes, probe: .report(Self.report), limits: InspectionLimits())
        return try await studio.workers.workshop.reader.run(work, reads: [TestMedia.bikes], effort: effort)
    }

    @Test("Its answer comes back as a value, its refusal as the error it is")
    func answers() async throws {
        try await Studio.with(isWorking: false) { studio in
            let facts = try await judge(studio)
            #expect(facts.video?.width == 640)
            let reader = studio.workers.workshop.reader
            let work = JudgeProbe(
                path: TestMedia.bikes, probe: .report(#"{"streams":[]}"#), limits: InspectionLimits())
            await #expect(throws: InspectionError(.notAVideo)) {
                _ = try await reader.run(work, reads: [TestMedia.bikes], effort: .inspection)
            }
        }
    }

    @Test("It sees no file but the one that it was given")
    func confinement() async throws {
        try await Studio.with(isWorking: false) { studio in
            let work = JudgeProbe(path: TestMedia.bikes, probe: .report(Self.report), limits: InspectionLimits())
            let failure = await #expect(throws: ConfinedFailure.self) {
                _ = try await studio.workers.workshop.reader.run(work, reads: [TestMedia.phone], effort: .inspection)
            }
            #expect(failure == .failed("open: Permission denied"))
        }
    }

    @Test("When it is ended by what it reads, that is an answer too")
    func traps() async throws {
        try await Studio.with(isWorking: false) { studio in
            var effort = MediaTool.Effort.inspection
            effort.timeLimit = .zero
            let failure = await #expect(throws: ConfinedFailure.self) { _ = try await judge(studio, effort: effort) }
            guard case .trapped = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            let facts = try await judge(studio)
            #expect(facts.video?.width == 640, "the next one is read")
        }
    }

    @Test("A trap while an upload is looked into refuses the upload")
    func refusedUpload() async throws {
        try await Studio.with(isWorking: false) { studio in
            let path = "\(studio.folder)/trap.mp4"
            try Data(DoubledTables.movie).write(to: URL(filePath: path))
            let refusal = await #expect(throws: InspectionError.self) {
                _ = try await studio.inspect(path: path)
            }
            #expect(refusal?.code == .corruptFile)
        }
    }

    @Test("What it leaves is taken over: segments that are there already stay as they are")
    func adoption() async throws {
        try await Studio.with(isWorking: false) { studio in
            let (id, sealed) = (EncodingID(), SealedFiles(folder: studio.folder))
            func make(_ text: String) async throws -> [MadeSegment] {
                let made = MadeSegment(rendition: "360p", number: 0, byteCount: text.utf8.count, duration: .seconds(4))
                try sealed.write(made, Array(text.utf8))
                try sealed.writeInitSegment("360p", Array("init".utf8))
                return try await studio.workers.workshop.publish(
                    [made], initSegments: ["360p"], in: studio.folder, of: id)
            }
            #expect(try await make("first").map(\.byteCount) == [5])
            #expect(try await make("the second").map(\.byteCount) == [5])
            let key = try #require(VideoFiles.segment(id, "360p", 0))
            let kept = try #require(try await studio.storage.blobs.open(key)).file
            #expect(try kept.read(0..<kept.byteCount) == Array("first".utf8))
            #expect(!FileManager.default.fileExists(atPath: sealed.segment("360p", 0)))
        }
    }
}

/// A movie whose one track has two sample tables, the second without a chunk.
private enum DoubledTables {
    static let movie: [UInt8] =
        box("ftyp", Array("isom".utf8) + [0, 0, 2, 0] + Array("isom".utf8)) + box("moov", header + track)

    private static func box(_ type: String, _ body: [UInt8]) -> [UInt8] {
        word(UInt32(body.count + 8)) + Array(type.utf8) + body
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }
    private static func words(_ values: UInt32...) -> [UInt8] { values.flatMap(word) }
    private static let header = box("mvhd", words(0, 0, 0, 1000, 1000) + [UInt8](repeating: 0, count: 80))
    private static let track = box(
        "trak",
        box("tkhd", words(1, 0, 0, 1, 0, 1000) + [UInt8](repeating: 0, count: 60))
            + box(
                "mdia",
                box("mdhd", words(0, 0, 0, 1000, 1000, 0))
                    + box("hdlr", words(0, 0) + Array("vide".utf8) + words(0, 0, 0, 0))
                    + box("minf", table(samples: 4, chunks: [100, 200]) + table(samples: 9, chunks: []))))

    private static func table(samples: UInt32, chunks: [UInt32]) -> [UInt8] {
        let entry = box("mp4v", [UInt8](repeating: 0, count: 78))
        return box(
            "stbl",
            box("stsd", words(0, 1) + entry) + box("stts", words(0, 1, samples, 40))
                + box("stsz", words(0, 10, samples)) + box("stsc", words(0, 1, 1, 2, 1))
                + box("stco", words(0, UInt32(chunks.count)) + chunks.flatMap(word)))
    }
}
