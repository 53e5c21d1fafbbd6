import Media
import Testing

@testable import Encoding

@Suite("The ladder")
struct LadderTests {
    static func video(_ width: Int, _ height: Int, rotation: Int = 0, ratio: Ratio? = nil) -> VideoFacts {
        VideoFacts(
            index: 0, codec: "hevc", profile: nil, level: nil, pixelFormat: "yuv420p", bitDepth: 8, width: width,
            height: height, rotation: rotation, pixelAspectRatio: ratio, averageFrameRate: Ratio(25, 1),
            timeBase: Ratio(1, 1000), start: 0, frameCount: nil, colorPrimaries: nil, colorTransfer: nil,
            colorSpace: nil, colorRange: nil, fieldOrder: nil, isReordered: false)
    }

    @Test(
        "It begins at the source and goes down by lines",
        arguments: [
            (3840, 2160, ["2160p", "1440p", "1080p", "720p", "480p", "360p", "240p"]),
            (1920, 1080, ["1080p", "720p", "480p", "360p", "240p"]),
            (1280, 720, ["720p", "480p", "360p", "240p"]),
            (1080, 1920, ["1080p", "720p", "480p", "360p", "240p"]),
            (1920, 800, ["800p", "480p", "360p", "240p"]),
            (768, 576, ["576p", "480p", "360p", "240p"]),
            (640, 272, ["272p"]),
            (160, 120, ["120p"]),
            (7680, 4320, ["2160p", "1440p", "1080p", "720p", "480p", "360p", "240p"]),
        ])
    func steps(width: Int, height: Int, names: [String]) {
        let steps = Ladder.steps(for: Self.video(width, height), frameRate: 25)
        #expect(steps.map(\.name) == names)
        for step in steps {
            #expect(step.size.width % 2 == 0 && step.size.height % 2 == 0)
            #expect(step.size.width <= width && step.size.height <= height)
        }
        let ratio = Double(width) / Double(height)
        for step in steps {
            #expect(abs(Double(step.size.width) / Double(step.size.height) - ratio) < ratio * 0.01)
        }
    }

    @Test("Rotation and odd sizes are honoured, pixels become square")
    func shapes() {
        let rotated = Ladder.steps(for: Self.video(1920, 1080, rotation: 90), frameRate: 30)
        #expect(rotated[0].size == PixelSize(width: 1080, height: 1920))
        let odd = Ladder.steps(for: Self.video(641, 361), frameRate: 25)
        #expect(odd.map(\.size) == [PixelSize(width: 640, height: 360), PixelSize(width: 426, height: 240)])
        let wide = Ladder.steps(for: Self.video(720, 576, ratio: Ratio(16, 11)), frameRate: 25)
        #expect(wide[0].size == PixelSize(width: 1046, height: 576))
    }

    @Test(
        "High frame rates stay at the top and are divided below",
        arguments: [
            (25.0, 1, 1), (30.02, 1, 1), (50, 1, 2), (59.94, 1, 2), (60.5, 1, 2), (100, 2, 4), (120, 2, 4), (240, 4, 8),
        ])
    func frameRates(rate: Double, top: Int, lower: Int) {
        let steps = Ladder.steps(for: Self.video(1920, 1080), frameRate: rate)
        #expect(steps.map(\.frameDivisor) == [top] + Array(repeating: lower, count: steps.count - 1))
        #expect(steps.allSatisfy { $0.frameRate <= 63 })
        #expect(steps.dropFirst().allSatisfy { $0.frameRate <= 31 })
    }

    @Test("Bit rates and levels go down with the size")
    func rates() {
        let steps = Ladder.steps(for: Self.video(3840, 2160), frameRate: 60)
        #expect(steps.map(\.level) == [52, 50, 40, 31, 31, 30, 21])
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.cap > $1.cap })
        #expect(Ladder.steps(for: Self.video(1280, 720), frameRate: 25)[0].plannedCodecs == "avc1.64001F")
        #expect(Ladder.steps(for: Self.video(1920, 1080), frameRate: 60)[0].plannedCodecs == "avc1.64002A")
    }

    @Test("The opening is a low rendition that is still good to look at")
    func opening() {
        #expect(Ladder.first(of: Ladder.steps(for: Self.video(1920, 1080), frameRate: 25))?.name == "360p")
        #expect(Ladder.first(of: Ladder.steps(for: Self.video(320, 180), frameRate: 25))?.name == "180p")
    }
}
