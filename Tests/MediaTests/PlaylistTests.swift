import Testing

@testable import Media

@Suite("Playlists")
struct PlaylistTests {
    @Test("A media playlist, letter by letter")
    func media() throws {
        let playlist = HLS.MediaPlaylist(
            initSegmentURI: "init.mp4?token=abc",
            segments: (0..<2).map { number in
                .init(
                    uri: "\(number).m4s?token=abc", duration: MediaTime(ticks: 120_120, timescale: 30000),
                    key: .init(
                        uri: "key?token=abc", initializationVector: Array(repeating: 0, count: 15) + [UInt8(number)]))
            })
        #expect(
            playlist.render() == """
                #EXTM3U
                #EXT-X-VERSION:7
                #EXT-X-TARGETDURATION:4
                #EXT-X-MEDIA-SEQUENCE:0
                #EXT-X-PLAYLIST-TYPE:VOD
                #EXT-X-INDEPENDENT-SEGMENTS
                #EXT-X-MAP:URI="init.mp4?token=abc"
                #EXT-X-KEY:METHOD=AES-128,URI="key?token=abc",IV=0x00000000000000000000000000000000
                #EXTINF:4.004000,
                0.m4s?token=abc
                #EXT-X-KEY:METHOD=AES-128,URI="key?token=abc",IV=0x00000000000000000000000000000001
                #EXTINF:4.004000,
                1.m4s?token=abc
                #EXT-X-ENDLIST

                """)
        var parsed = try HLS.MediaPlaylist(parsing: playlist.render())
        #expect(parsed.statedTargetDuration == 4)
        parsed.statedTargetDuration = nil
        #expect(parsed == playlist)
    }

    @Test("Without a vector of its own one key stands for all segments")
    func vectorByNumber() throws {
        let playlist = HLS.MediaPlaylist(
            initSegmentURI: "init.mp4",
            segments: (0..<3).map { .init(uri: "\($0).m4s", duration: .seconds(4), key: .init(uri: "key")) })
        let text = playlist.render()
        #expect(text.contains("#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n"))
        #expect(text.split(separator: "#EXT-X-KEY").count == 2 && !text.contains("IV="))
        #expect(try HLS.MediaPlaylist(parsing: text).segments == playlist.segments)
    }

    @Test("Where another init segment begins, none is taken for encrypted")
    func initSegments() throws {
        let key = HLS.MediaPlaylist.Key(uri: "key")
        let playlist = HLS.MediaPlaylist(
            initSegmentURI: "init.mp4",
            segments: [
                .init(uri: "0.m4s", duration: .seconds(4), key: key),
                .init(uri: "../m/1.m4s", duration: .seconds(4), key: key, initSegmentURI: "../m/init.mp4"),
                .init(uri: "2.m4s", duration: .seconds(4), key: key),
            ])
        let text = playlist.render()
        #expect(
            text.contains(
                """
                0.m4s
                #EXT-X-KEY:METHOD=NONE
                #EXT-X-MAP:URI="../m/init.mp4"
                #EXT-X-KEY:METHOD=AES-128,URI="key"
                #EXTINF:4.000000,
                ../m/1.m4s
                #EXT-X-KEY:METHOD=NONE
                #EXT-X-MAP:URI="init.mp4"
                #EXT-X-KEY:METHOD=AES-128,URI="key"

                """))
        let parsed = try HLS.MediaPlaylist(parsing: text)
        #expect(parsed.segments == playlist.segments && parsed.initSegmentURI == "init.mp4")
    }

    @Test("A list of keyframes says which bytes they are")
    func keyframes() throws {
        var playlist = HLS.MediaPlaylist(
            initSegmentURI: "init.mp4",
            segments: [
                .init(uri: "0.m4s", duration: .seconds(4), prefixByteCount: 12_345),
                .init(uri: "1.m4s", duration: .seconds(2), prefixByteCount: 99),
            ])
        playlist.hasKeyframesOnly = true
        let text = playlist.render()
        #expect(text.contains("#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:"))
        #expect(text.contains("#EXTINF:4.000000,\n#EXT-X-BYTERANGE:12345@0\n0.m4s\n"))
        playlist.statedTargetDuration = 4
        #expect(try HLS.MediaPlaylist(parsing: text) == playlist)
        for range in ["12@1", "12", "-1@0", "0@0", "x@0", "@0"] {
            #expect(throws: HLS.ParseError.malformed(line: 2)) {
                try HLS.MediaPlaylist(parsing: "#EXTM3U\n#EXT-X-BYTERANGE:\(range)\n")
            }
        }
    }

    @Test("A playlist in the clear has no keys; one that grows has no end")
    func clear() throws {
        var playlist = HLS.MediaPlaylist(
            initSegmentURI: "i", segments: [.init(uri: "a", duration: .seconds(4))], mediaSequence: 7, isComplete: false
        )
        let text = playlist.render()
        #expect(!text.contains("KEY") && !text.contains("ENDLIST") && !text.contains("VOD"))
        playlist.statedTargetDuration = 4
        #expect(try HLS.MediaPlaylist(parsing: text) == playlist)
    }

    @Test(
        "Sums of EXTINF do not drift", arguments: [(1001, 30000), (1, 3), (1024, 44100), (1, 7)] as [(Int64, UInt32)])
    func drift(ticks: Int64, timescale: UInt32) throws {
        let segments = (0..<2000).map {
            HLS.MediaPlaylist.Segment(uri: "\($0)", duration: MediaTime(ticks: ticks, timescale: timescale))
        }
        let playlist = HLS.MediaPlaylist(initSegmentURI: nil, segments: segments)
        let parsed = try HLS.MediaPlaylist(parsing: playlist.render())
        let exact = MediaTime(ticks: ticks * 2000, timescale: timescale)
        #expect(playlist.duration == exact)
        #expect(abs(parsed.duration.seconds - exact.seconds) <= 0.000_001)
    }

    @Test(
        "The target duration is the longest one, rounded",
        arguments: [(4400, 4), (4500, 5), (400, 1), (10_010, 10)] as [(Int64, Int)])
    func target(milliseconds: Int64, target: Int) {
        let segments = [4000, milliseconds].map { HLS.MediaPlaylist.Segment(uri: "a", duration: .milliseconds($0)) }
        let playlist = HLS.MediaPlaylist(initSegmentURI: nil, segments: segments)
        #expect(playlist.targetDuration == max(4, target))
        #expect(HLS.MediaPlaylist(initSegmentURI: nil, segments: [segments[1]]).targetDuration == target)
        #expect(HLS.MediaPlaylist(initSegmentURI: nil, segments: []).targetDuration == 1)
    }

    @Test("A master playlist, letter by letter")
    func master() throws {
        let playlist = HLS.MasterPlaylist(
            variants: [
                .init(
                    uri: "720p/index.m3u8?token=abc", bandwidth: 2_500_000, averageBandwidth: 2_000_000,
                    codecs: ["avc1.64001F", "mp4a.40.2"], resolution: .init(width: 1280, height: 720),
                    frameRate: 30000.0 / 1001, audioGroup: "audio"),
                .init(uri: "240p/index.m3u8", bandwidth: 300_000, codecs: []),
            ],
            keyframes: [
                .init(
                    uri: "720p/keyframes.m3u8", bandwidth: HLS.Bandwidth(peak: 90_000, average: 80_000),
                    codec: "avc1.64001F", resolution: .init(width: 1280, height: 720))
            ],
            audio: [
                .init(groupID: "audio", name: "Sound \"1\"\n", language: "en", uri: "audio/index.m3u8", channelCount: 2)
            ])
        #expect(
            playlist.render() == """
                #EXTM3U
                #EXT-X-VERSION:7
                #EXT-X-INDEPENDENT-SEGMENTS
                #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Sound  1  ",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio/index.m3u8"
                #EXT-X-STREAM-INF:BANDWIDTH=2500000,AVERAGE-BANDWIDTH=2000000,CODECS="avc1.64001F,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="audio"
                720p/index.m3u8?token=abc
                #EXT-X-STREAM-INF:BANDWIDTH=300000
                240p/index.m3u8
                #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=90000,AVERAGE-BANDWIDTH=80000,CODECS="avc1.64001F",RESOLUTION=1280x720,URI="720p/keyframes.m3u8"

                """)
        var parsed = try HLS.MasterPlaylist(parsing: playlist.render())
        #expect(parsed.variants.first?.frameRate == 29.97)
        parsed.variants[0].frameRate = playlist.variants[0].frameRate
        parsed.audio[0].name = playlist.audio[0].name
        #expect(parsed == playlist)
    }

    @Test(
        "What is no playlist is told with its line",
        arguments: [
            ("", HLS.ParseError.notAPlaylist),
            ("#EXTM3U8", .notAPlaylist),
            ("#EXTM3U\n", .missing("EXT-X-TARGETDURATION")),
            ("#EXTM3U\nsegment", .malformed(line: 2)),
            ("#EXTM3U\n#EXTINF:x,\n", .malformed(line: 2)),
            ("#EXTM3U\n#EXTINF:40000000010000,\n", .malformed(line: 2)),
            ("#EXTM3U\n\n#EXT-X-TARGETDURATION:x", .malformed(line: 3)),
            ("#EXTM3U\n#EXT-X-MAP:URI=\"", .malformed(line: 2)),
            ("#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"a\",IV=0x12", .malformed(line: 2)),
        ])
    func malformed(text: String, error: HLS.ParseError) {
        #expect(throws: error) { try HLS.MediaPlaylist(parsing: text) }
    }

    @Test("Playlists of other writers and line ends are read")
    func others() throws {
        let text =
            "#EXTM3U\r\n#EXT-X-TARGETDURATION:10\r\n#EXT-X-FOO:A=\"x,y\",B=1\r\n#EXTINF:9.9,a title, with comma\r\na.ts\r\n"
        let playlist = try HLS.MediaPlaylist(parsing: text)
        #expect(playlist.segments == [.init(uri: "a.ts", duration: .milliseconds(9900))])
        let list = try #require(HLS.AttributeList(parsing: "A=\"x,y\",B=1,C=0xFF"))
        #expect(list.quoted("A") == "x,y" && list["B"] == "1" && list["C"] == "0xFF" && list["D"] == nil)
        for bad in ["A", "=1", "a=1", "A=\"x", "A=\"x\"B", "A="] {
            #expect(HLS.AttributeList(parsing: bad) == nil, "\(bad)")
        }
        // A comma at the end is common, and harmless.
        #expect(HLS.AttributeList(parsing: "A=1,")?["A"] == "1")
    }

    @Test("Damaged playlists never trap")
    func damaged() {
        let bytes = Array(
            HLS.MediaPlaylist(initSegmentURI: "i", segments: [.init(uri: "a", duration: .seconds(4))]).render().utf8)
        CodecConfigurationTests.damage(bytes) { try HLS.MediaPlaylist(parsing: String(decoding: $0, as: UTF8.self)) }
        CodecConfigurationTests.damage(bytes) { try HLS.MasterPlaylist(parsing: String(decoding: $0, as: UTF8.self)) }
    }

    @Test("Bandwidth is the highest of any stretch between half and one and a half target durations")
    func bandwidth() {
        let even = HLS.Bandwidth(measuring: (0..<5).map { _ in (byteCount: 500_000, duration: MediaTime.seconds(4)) })
        #expect(even == HLS.Bandwidth(peak: 1_000_000, average: 1_000_000))
        // A short, dense last segment counts only together with the one before.
        let uneven = HLS.Bandwidth(measuring: [
            (byteCount: 500_000, duration: .seconds(4)), (byteCount: 500_000, duration: .seconds(1)),
        ])
        #expect(uneven == HLS.Bandwidth(peak: 1_600_000, average: 1_600_000))
        #expect(HLS.Bandwidth(measuring: []) == .zero)
        #expect(HLS.Bandwidth(measuring: [(byteCount: 100, duration: .milliseconds(100))]).peak == 8000)
    }
}

@Suite("Storyboards")
struct StoryboardTests {
    @Test("Cues point into the sprite")
    func cues() {
        let board = Storyboard(duration: .milliseconds(250_500), width: 1280, height: 720)
        #expect(board.tileWidth == 160 && board.tileHeight == 90)
        #expect(board.interval == .seconds(3) && board.count == 84 && board.columns == 10 && board.rows == 9)
        let lines = board.webVTT(imageURI: "storyboard.jpg?token=a").split(separator: "\n")
        #expect(lines.first == "WEBVTT" && lines.count == 1 + 84 * 2)
        #expect(lines[1] == "00:00:00.000 --> 00:00:03.000")
        #expect(lines[2] == "storyboard.jpg?token=a#xywh=0,0,160,90")
        #expect(lines[1 + 11 * 2] == "00:00:33.000 --> 00:00:36.000")
        #expect(lines[2 + 11 * 2] == "storyboard.jpg?token=a#xywh=160,90,160,90")
        #expect(lines[lines.count - 2] == "00:04:09.000 --> 00:04:10.500")
    }

    @Test(
        "Short, portrait and absurd shapes",
        arguments: [(40, 720, 1280), (0, 1, 10000), (7_200_000, 3840, 2160)] as [(Int64, Int, Int)])
    func shapes(milliseconds: Int64, width: Int, height: Int) {
        let board = Storyboard(duration: .milliseconds(milliseconds), width: width, height: height)
        #expect((1...100).contains(board.count) && board.tileWidth >= 2 && board.tileHeight <= 160)
        #expect(board.rows * board.columns >= board.count)
    }
}
