import Media
import SQL

/// A piece of what is said in a video, as the search finds it.
struct SpokenText: Sendable, Equatable {
    var text: String
    /// The second at which it is said; nil for a transcript, which has no times.
    var time: Double?

    /// Of one video, in bytes of its captions: more than a day of talk in one language.
    fileprivate static let mostBytes = 4 << 20
}

extension VideoStore {
    /// What is said in a video, as the index takes it: its captions, those of its own language first, and then its transcript.
    ///
    /// All who write the index and who show what was found read it here.
    func spoken(in video: Video, _ access: ReadAccess) throws -> [SpokenText] {
        let store = CaptionStore()
        var captions = try store.list(of: video.id, in: access)
        if let own = captions.first(of: video.language), let place = captions.firstIndex(of: own) {
            captions.swapAt(0, place)
        }
        var spoken: [SpokenText] = []
        var byteCount = 0
        for caption in captions {
            guard let text = try store.text(of: video.id, caption.language, in: access) else { continue }
            byteCount += text.text.utf8.count  // bound: a few files of some megabytes
            guard byteCount <= SpokenText.mostBytes else { break }
            spoken += WebVTT(parsing: text.text).cues.map {
                SpokenText(text: $0.plainText, time: Double($0.start) / 1000)
            }
        }
        if let transcript = try store.transcript(of: video.id, in: access) {
            spoken.append(SpokenText(text: transcript.text, time: nil))
        }
        return spoken
    }

    /// Has `IndexVideos` take it in anew.
    func letIndexAnew(_ id: VideoID, in transaction: Transaction) throws {
        try transaction.execute("UPDATE search_documents SET version = 0 WHERE video_id = $1", id)
    }
}
