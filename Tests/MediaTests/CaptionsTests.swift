import Media
import Testing

@Suite("Captions and languages")
struct CaptionsTests {
    private static let written = """
        WEBVTT
        Kind: captions

        STYLE
        ::cue { color: red }

        NOTE a remark

        first
        00:01.000 --> 00:02.500 line:0 align:start
        One
        two

        01:00:00.000 --> 01:00:01.000
        An hour later

        00:05.000 --> 00:04.000
        Backwards

        00:-1.-500 --> 00:01.000
        Before

        00:07.000 --> 00:08.000

        99999999:00:00.000 --> 99999999:00:01.000
        Never
        """

    @Test("Cues are read, and what is none is passed over")
    func reading() {
        let captions = WebVTT(parsing: Self.written)
        #expect(captions.cues.map(\.start) == [1000, 3_600_000])
        #expect(captions.cues.map(\.end) == [2500, 3_601_000])
        #expect(captions.cues.first?.text == ["One", "two"])
        #expect(captions.cues.first?.settings == "line:0 align:start")
        #expect(WebVTT(parsing: Self.written.replacing("\n", with: "\r\n")) == captions)
    }

    @Test("Cut anywhere, what is there is read, and reads back as it was")
    func cutting() {
        let bytes = Array(Self.written.utf8)
        var most = 0
        for end in bytes.indices {
            let captions = WebVTT(parsing: String(decoding: bytes[..<end], as: UTF8.self))
            #expect(captions.cues.count >= most, "nothing that was read is lost by more text")
            most = captions.cues.count
            #expect(WebVTT(parsing: captions.render()) == captions)
        }
        #expect(most == 2)
        #expect(WebVTT(parsing: "00:99.000 --> 01:40.000\nNever").cues.isEmpty)
    }

    @Test("They move with the film's clock, and nothing lies before its 0")
    func moving() {
        let moved = WebVTT(parsing: Self.written).earlier(by: 2000)
        #expect(moved.cues.map(\.start) == [0, 3_598_000] && moved.cues.map(\.end) == [500, 3_599_000])
        #expect(WebVTT(parsing: Self.written).earlier(by: 3_000_000).cues.count == 1)
        #expect(WebVTT(parsing: moved.render()) == moved)
        #expect(moved.render().hasPrefix("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n00:00:00.000 --> "))
    }

    @Test("Languages get their shortest code, and what names none has none")
    func languages() {
        let known = ["spa": "es", "es-419": "es-419", "ger": "de", "deu": "de", "rus": "ru", "eng": "en", "ast": "ast"]
        for (written, tag) in known { #expect(LanguageTag(written)?.text == tag, "\(written)") }
        #expect(LanguageTag("en_GB")?.text == "en-gb" && LanguageTag("en_GB")?.threeLetters == "eng")
        #expect(LanguageTag("fre")?.threeLetters == "fra" && LanguageTag("zh")?.threeLetters == "zho")
        for written in [
            "", "und", "mul", "zxx", "english", "x", "qq", "en-\"", "en-ñ", "e n", String(repeating: "a-", count: 20),
        ] {
            #expect(LanguageTag(written) == nil, "\(written)")
        }
    }

    @Test("A master playlist names all sounds and captions, and reads back as it was")
    func playlist() throws {
        let master = HLS.MasterPlaylist(
            variants: [
                HLS.MasterPlaylist.Variant(
                    uri: "a", bandwidth: 1, codecs: ["mp4a.40.2"], audioGroup: "audio", subtitlesGroup: "subtitles")
            ],
            audio: [
                HLS.MasterPlaylist.AudioRendition(groupID: "audio", name: "es", language: "es", uri: "a"),
                HLS.MasterPlaylist.AudioRendition(
                    groupID: "audio", name: "en", language: "en", uri: "b", isDefault: false, channelCount: 2,
                    isDescription: true),
            ],
            subtitles: [
                HLS.MasterPlaylist.SubtitlesRendition(groupID: "subtitles", name: "1", uri: "c", isForced: true),
                HLS.MasterPlaylist.SubtitlesRendition(
                    groupID: "subtitles", name: "2", language: "ru", uri: "d", isForDeaf: true),
            ])
        #expect(try HLS.MasterPlaylist(parsing: master.render()) == master)
        #expect(master.render().contains("TYPE=SUBTITLES"))
        #expect(throws: HLS.ParseError.self) {
            try HLS.MasterPlaylist(parsing: "#EXTM3U\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"a\",NAME=\"b\"\n")
        }
    }
}
