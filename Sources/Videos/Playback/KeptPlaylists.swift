import FoundationEssentials
import HTTP
import Media
import Synchronization
import Web

/// Playlists as they are sent. Their text is the same for everybody, so each is rendered and compressed once, and again
/// when what it tells of has changed.
///
/// - Rule: what was rendered is good for as long as its source is the same value.
/// - Why: whoever asks has the source at hand from memory, so there is nothing that somebody could forget to tell.
final class KeptPlaylists: Sendable {
    /// All that a text depends on.
    enum Source: Sendable, Hashable {
        case whole(Presentation)
        case segments(SegmentList)
    }

    /// Of all that a text was made from: other numbers where any of it changed.
    struct Version: Sendable, Hashable {
        var presentation: UInt64
        /// Of the list of uploaded captions; nil where the text does not tell of them.
        var captions: UInt64?
    }

    struct Name: Sendable, Hashable {
        var video: VersionID
        /// Nil for the master playlist.
        var rendition: String?
        var isOfKeyframes = false
    }

    struct Playlist: Sendable {
        var text: [UInt8]
        /// Nil where it would not be smaller.
        var compressed: [UInt8]?

        init(_ text: String) {
            self.text = Array(text.utf8)
            compressed = Gzip.compress(self.text, level: 9)
        }

        var byteCount: Int { text.count + (compressed?.count ?? 0) }
    }

    /// Changed under the lock only.
    private final class Entry {
        var source: Source
        /// Of what the source was made from.
        var version: Version?
        let playlist: Playlist
        var usedAt: Int
        /// When it was last seen growing.
        var grewAt: Date?

        init(_ source: Source, _ version: Version?, _ playlist: Playlist, usedAt: Int, grewAt: Date?) {
            self.source = source
            self.version = version
            self.playlist = playlist
            self.usedAt = usedAt
            self.grewAt = grewAt
        }
    }

    private struct State {
        var entries: [Name: Entry] = [:]
        var byteCount = 0
        var clock = 0

        mutating func remove(_ name: Name) {
            guard let entry = entries.removeValue(forKey: name) else { return }
            byteCount -= entry.playlist.byteCount
        }

        mutating func insert(_ entry: Entry, as name: Name) {
            remove(name)
            entries[name] = entry
            byteCount += entry.playlist.byteCount  // bound: of texts that are in memory
        }

        var oldest: Name? { entries.min { $0.value.usedAt < $1.value.usedAt }?.key }
    }

    /// Players look at a list that grows every few seconds, and once a minute while their page is in the background.
    static let growthIsRemembered: TimeInterval = 600

    private let countLimit: Int
    private let byteLimit: Int
    private let state = Mutex(State())

    /// - Parameter byteLimit: what is kept of texts and of their compressed forms, together.
    init(countLimit: Int = 1024, byteLimit: Int = 32 << 20) {
        self.countLimit = countLimit
        self.byteLimit = byteLimit
    }

    var count: Int { state.withLock { $0.entries.count } }
    var byteCount: Int { state.withLock { $0.byteCount } }

    /// A list that nothing has to be known for but the version of its source.
    func kept(_ name: Name, _ version: Version?, at time: Date) -> Playlist? {
        guard let version else { return nil }
        return state.withLock { state in
            guard let entry = state.entries[name], entry.version == version else { return nil }
            let isGrowing = entry.source.isGrowing
            // Once it has stopped growing, what stands in it depends on the time as well (`grewLately`).
            guard isGrowing || entry.grewAt == nil else { return nil }
            state.clock += 1
            entry.usedAt = state.clock
            if isGrowing { entry.grewAt = time }
            return entry.playlist
        }
    }

    /// - Parameter version: of what `source` was made from, asked for before it was; nil where it has none.
    func callAsFunction(
        _ name: Name, of source: Source, _ version: Version?, at time: Date, render: () -> String
    ) -> Playlist {
        let known = state.withLock { state -> Playlist? in
            state.clock += 1
            guard let entry = state.entries[name], entry.source == source else { return nil }
            entry.usedAt = state.clock
            // Of two equal values the new one is known to be equal at a glance when it comes again.
            entry.source = source
            entry.version = version
            if source.isGrowing { entry.grewAt = time }
            return entry.playlist
        }
        if let known { return known }
        let playlist = Playlist(render())
        state.withLock { state in
            let grewAt = source.isGrowing ? time : state.entries[name]?.grewAt
            state.insert(
                Entry(source, version, playlist, usedAt: state.clock, grewAt: grewAt), as: name)
            while state.entries.count > countLimit || state.byteCount > byteLimit, let oldest = state.oldest {
                state.remove(oldest)
            }
        }
        return playlist
    }

    /// Whether players may be there that saw this list growing a while ago: for them no address in it may change
    /// (RFC 8216 6.2.1).
    func grewLately(_ name: Name, at time: Date) -> Bool {
        guard let last = state.withLock({ $0.entries[name]?.grewAt }) else { return false }
        return time < last + Self.growthIsRemembered
    }
}

extension KeptPlaylists.Source {
    fileprivate var isGrowing: Bool {
        if case .segments(let list) = self { list.isGrowing } else { false }
    }
}

extension KeptPlaylists.Playlist {
    private static let named: HeaderFields = [
        // There is no secret in it whose length could be guessed (BREACH), so it may be compressed; but only who holds a
        // grant may see it, so no cache keeps it.
        .contentType: VideoPlaylists.type, .vary: "Accept-Encoding", .cacheControl: "private, no-store",
    ]

    private static let fields = SecurityHeaders.constant(named)

    private static let fieldsOfCompressed: Response.SharedFields = {
        var compressed = named
        compressed.append(.contentEncoding, "gzip")
        return SecurityHeaders.constant(compressed)
    }()

    func response(for request: Request) -> Response {
        if let compressed, Gzip.isAccepted(by: request.headers[.acceptEncoding]) {
            return Response(sharing: Self.fieldsOfCompressed, body: .bytes(compressed))
        }
        return Response(sharing: Self.fields, body: .bytes(text))
    }
}
