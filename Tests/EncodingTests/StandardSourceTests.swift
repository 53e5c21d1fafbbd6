import Encoding
import Media
import Testing

@Suite("A standard source")
struct StandardSourceTests {
    @Test(
        "The copied rendition has the source's frames, bit for bit and in order",
        arguments: [TestMedia.bunny, TestMedia.bikes, TestMedia.phone])
    func bitIdentical(source: String) async throws {
        try await Studio.with(Studio.strict) { studio in
            let id = try await studio.add(source)
            try await studio.ready(id)
            let presentation = try await studio.presentation(id)
            let names = presentation.video.map(\.name)
            #expect(names == (source == TestMedia.bikes ? ["272p"] : ["720p", "480p", "360p", "240p"]))
            let frames = Frames(studio: studio)
            let top = try await studio.served(id, names[0])
            #expect(try await frames.hashes(top) == frames.hashes(source))
            // ffprobe rounds to microseconds, from another start.
            let times = zip(try await frames.times(top), try await frames.times(source))
            #expect(times.allSatisfy { abs($0 - $1) <= 2 })
        }
    }

    @Test(
        "Encoded renditions have each frame of the source at its time, at the first attempt",
        arguments: [TestMedia.bunny, TestMedia.phone])
    func lowerRenditions(source: String) async throws {
        try await Studio.with(Studio.strict) { studio in
            let id = try await studio.add(source)
            try await studio.complete(id)
            let frames = Frames(studio: studio)
            let times = try await frames.times(source)
            for name in ["480p", "360p", "240p"] {
                let path = try await studio.served(id, name)
                let served = try await frames.times(path)
                #expect(served.count == times.count)
                #expect(zip(served, times).allSatisfy { abs($0 - $1) <= 2 }, "\(name)")
            }
            #expect(
                try await frames.psnr(
                    studio.served(id, "480p"), source: source, filters: "scale=854:480:flags=bicubic") > 32)
            try await studio.drained()
            try await studio.becomesTidy()
        }
    }
}
