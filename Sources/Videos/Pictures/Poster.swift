import BaseEncoding
import Cryptography
import Media
import SQL
import Storage

extension Video {
    /// The cover that somebody chose in place of the automatic one.
    public struct Poster: Sendable, Equatable {
        /// Names its file; another one for each choice.
        public var version: String
        /// Of the film, in seconds; nil for a picture that was uploaded.
        public var time: Double?

        static func newVersion() -> String { Hex.encode(Random.bytes(6)) }

        func key(of id: VideoID) -> BlobKey? { id.folder?.appending(name: "poster-\(version).jpg") }
    }
}

extension Video {
    /// Where the cover is; another address once another one was chosen, so that nobody is shown the one before. Nil while there is none.
    func coverAddress(below place: String) -> String? {
        if let poster { return "\(place)/thumbnail.jpg?v=\(poster.version)" }
        return hasThumbnail ? "\(place)/thumbnail.jpg" : nil
    }
}

extension VideoStore {
    /// What decides about a video's cover; nil where there is no such video.
    func cover(of id: VideoID, in access: ReadAccess) throws -> (kind: MediaKind, poster: Video.Poster?)? {
        guard let row = try access.first("SELECT kind, poster, poster_time FROM videos WHERE id = $1", id) else {
            return nil
        }
        return (MediaKind(rawValue: try row.value("kind")) ?? .video, try Video.Poster(row: row))
    }
}

extension Video.Poster {
    /// Of a file that somebody else names; nil where it has no name of such files.
    init?(file: String, time: Double?) {
        guard let found = file.wholeMatch(of: /poster-([0-9a-f]{12})\.jpg/) else { return nil }
        self.init(version: String(found.1), time: time)
    }

    /// Nil where none was chosen.
    init?(row: Row) throws {
        guard let version = try row.value("poster", as: String?.self) else { return nil }
        self.init(version: version, time: try row.value("poster_time"))
    }
}
