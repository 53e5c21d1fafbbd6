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

        private static let prefix = "poster-"

        /// With the files of the video's first version, which it outlives.
        func key(of id: VideoID) -> BlobKey? {
            id.firstVersion.folder?.appending(name: "\(Self.prefix)\(version).jpg")
        }

        static func isName(_ name: String) -> Bool { name.hasPrefix(prefix) }
    }
}

extension Video {
    /// Where the cover is; another address once another one was chosen or the file was replaced, so that nobody is shown the one before.
    /// Nil while there is none.
    func coverAddress(below place: String) -> String? {
        if let poster { return "\(place)/thumbnail.jpg?v=\(poster.version)" }
        guard hasThumbnail else { return nil }
        return laterVersion.map { "\(place)/thumbnail.jpg?v=\($0)" } ?? "\(place)/thumbnail.jpg"
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
