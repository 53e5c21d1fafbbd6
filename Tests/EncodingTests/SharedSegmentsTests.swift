import FoundationEssentials
import Media
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("Segments that all may have")
struct SharedSegmentsTests {
    @Test("Before a rendition is wholly made nobody gets any of it without a grant, and nothing is made for who asks")
    func incomplete() async throws {
        let folder = NSTemporaryDirectoryPath.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let id = try await Studio.open(folder) { studio in
            let id = try await studio.add(TestMedia.surveillance)
            try await studio.ready(id)
            return id
        }
        try await Studio.open(folder, isWorking: false) { studio in
            let presentation = try await studio.presentation(id)
            let top = try #require(presentation["576p"])
            #expect(!top.isComplete && top.keyframeByteCounts == nil)
            let rings = studio.queue.signals.bell.rings
            for number in top.segmentDurations.indices {
                #expect(try await studio.playback.sharedSegment(id, rendition: "576p", number: number) == nil)
            }
            #expect(studio.queue.demands.all.isEmpty && studio.queue.signals.bell.rings == rings)
            // Nor where a viewer with a grant has opened one.
            var made: [String] = []
            for name in presentation.video.map(\.name) {
                let key = try #require(VideoFiles.segment(id, name, 0))
                if try await studio.storage.blobs.exists(key) { made.append(name) }
            }
            #expect(!made.isEmpty)
            for name in made {
                #expect(try #require(presentation[name]).isComplete == false)
                _ = try studio.whole(await studio.playback.segment(id, rendition: name, number: 0))
                #expect(studio.playback.openSegment(id, rendition: name, number: 0) != nil)
                #expect(studio.playback.openSharedSegment(id, rendition: name, number: 0) == nil)
            }
        }
    }

    @Test("Of an encrypted film that is wholly made they are what viewers with a grant get; others have none")
    func complete() async throws {
        for encryption in [EncodingSettings.Encryption.aes128, .none] {
            var settings = EncodingSettings()
            settings.encryption = encryption
            try await Studio.with(settings) { studio in
                let id = try await studio.add(TestMedia.bikes)
                // Known before it is complete: what is kept in memory of it is old by then.
                try await studio.ready(id)
                _ = try await studio.playback.sharedSegment(id, rendition: "272p", number: 0)
                try await studio.complete(id)
                let presentation = try await studio.presentation(id)
                for rendition in presentation.video + presentation.audio {
                    #expect(rendition.isComplete)
                    #expect(
                        (rendition.keyframeByteCounts?.count == rendition.segmentDurations.count) == rendition.isVideo)
                    for number in rendition.segmentDurations.indices {
                        let name = rendition.name
                        let shared = try await studio.playback.sharedSegment(id, rendition: name, number: number)
                        let own = try studio.whole(
                            await studio.playback.segment(id, rendition: name, number: number))
                        #expect(try shared.map { try $0.read(0..<$0.byteCount) } == (encryption == .none ? nil : own))
                        // By now it is open, so that the next viewer need not wait for anything.
                        #expect(studio.playback.openSegment(id, rendition: name, number: number) != nil)
                        let atOnce = studio.playback.openSharedSegment(id, rendition: name, number: number)
                        #expect(try atOnce.map { try $0.read(0..<$0.byteCount) } == (encryption == .none ? nil : own))
                    }
                    let beyond = rendition.segmentDurations.count
                    #expect(
                        try await studio.playback.sharedSegment(id, rendition: rendition.name, number: beyond) == nil)
                }
                #expect(try await studio.playback.sharedSegment(id, rendition: "999p", number: 0) == nil)
                #expect(try await studio.playback.sharedSegment(EncodingID(), rendition: "272p", number: 0) == nil)
            }
        }
    }
}
