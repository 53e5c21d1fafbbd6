import FoundationEssentials
import HTTP
import Media
import Testing

@testable import Videos

extension KeptPlaylists.Version: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: UInt64) { self.init(presentation: value) }
}

@Suite("Kept playlists")
struct KeptPlaylistsTests {
    let now = Date(timeIntervalSince1970: 1_800_000_000)

    func source(_ count: Int = 2) -> KeptPlaylists.Source {
        var film = PlayedEncoder.film
        film.video[0].segmentDurations = (0..<count).map { _ in .seconds(4) }
        return .whole(film)
    }

    @Test("A text is rendered once, and again when what it tells of has changed")
    func once() {
        let kept = KeptPlaylists()
        let name = KeptPlaylists.Name(video: VersionID())
        var rendered = 0
        func ask(_ source: KeptPlaylists.Source) -> String {
            let playlist = kept(name, of: source, nil, at: now) {
                rendered += 1
                return "\(rendered)"
            }
            return String(decoding: playlist.text, as: UTF8.self)
        }
        #expect(ask(source()) == "1" && ask(source()) == "1")
        #expect(ask(source(3)) == "2" && ask(source(3)) == "2" && ask(source()) == "3")
        #expect(kept.count == 1 && kept.byteCount == 1)
    }

    @Test("There are never more than it may hold, and what is asked for stays")
    func bounded() {
        let kept = KeptPlaylists(countLimit: 8, byteLimit: 1000)
        let wanted = KeptPlaylists.Name(video: VersionID())
        func ask(_ name: KeptPlaylists.Name, byteCount: Int) -> Bool {
            var isNew = false
            _ = kept(name, of: source(), nil, at: now) {
                isNew = true
                // Random, so that there is nothing to compress.
                return String(decoding: (0..<byteCount).map { _ in UInt8.random(in: 33...126) }, as: UTF8.self)
            }
            return isNew
        }
        #expect(ask(wanted, byteCount: 10))
        for _ in 0..<50 {
            _ = ask(KeptPlaylists.Name(video: VersionID()), byteCount: 10)
            #expect(!ask(wanted, byteCount: 10) && kept.count <= 8)
        }
        for _ in 0..<50 {
            _ = ask(KeptPlaylists.Name(video: VersionID()), byteCount: 300)
            #expect(!ask(wanted, byteCount: 10) && kept.byteCount <= 1000)
        }
        #expect(ask(KeptPlaylists.Name(video: VersionID()), byteCount: 2000))
        #expect(kept.count == 0 && kept.byteCount == 0, "what is larger than all of it is not kept")
    }

    @Test("Of a version that was seen nothing else need be known; of another one, or of none, nothing is")
    func versions() {
        let kept = KeptPlaylists()
        let name = KeptPlaylists.Name(video: VersionID())
        #expect(kept.kept(name, 1, at: now) == nil)
        _ = kept(name, of: source(), 1, at: now) { "first" }
        #expect(kept.kept(name, 1, at: now)?.text == Array("first".utf8))
        #expect(kept.kept(name, 2, at: now) == nil && kept.kept(name, nil, at: now) == nil)
        #expect(kept.kept(KeptPlaylists.Name(video: VersionID()), 1, at: now) == nil)
        // Something was measured that this list does not tell of: the text stays, the version is the new one.
        _ = kept(name, of: source(), 2, at: now) { "never" }
        #expect(kept.kept(name, 1, at: now) == nil && kept.kept(name, 2, at: now)?.text == Array("first".utf8))
        _ = kept(name, of: source(3), 3, at: now) { "second" }
        #expect(kept.kept(name, 3, at: now)?.text == Array("second".utf8))
    }

    @Test("A list that has stopped growing is asked for anew: what stands in it depends on the time")
    func growth() {
        let kept = KeptPlaylists()
        let name = KeptPlaylists.Name(video: VersionID())
        func list(isGrowing: Bool) -> KeptPlaylists.Source {
            .segments(SegmentList(PlayedEncoder.film.video[0], of: name.video, isGrowing: isGrowing))
        }
        _ = kept(name, of: list(isGrowing: true), 1, at: now) { "growing" }
        let later = now + KeptPlaylists.growthIsRemembered - 1
        #expect(kept.kept(name, 1, at: later)?.text == Array("growing".utf8))
        #expect(kept.grewLately(name, at: later + 2), "that it was asked for is remembered")
        _ = kept(name, of: list(isGrowing: false), 2, at: later) { "whole" }
        #expect(kept.kept(name, 2, at: later) == nil)
    }
}
