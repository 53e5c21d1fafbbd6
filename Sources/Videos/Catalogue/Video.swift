import Accounts
import FoundationEssentials
import Identifiers
import Media

public typealias VideoID = Identifier<Video>

/// A video of the catalogue.
public struct Video: Sendable, Equatable {
    public enum Status: String, Sendable, CaseIterable, Codable {
        /// Stored, not looked at yet.
        case pending
        /// Being made playable.
        case processing
        /// A viewer can press play; further renditions may still be filling.
        case ready
        case failed
    }

    /// What those may keep as a file who may watch it. Its owner may have all of it.
    public enum Downloads: String, Sendable, CaseIterable, Codable {
        case none
        /// Each rendition.
        case mp4
        /// The file that was uploaded as well, with all that its owner's device wrote into it.
        case original
    }

    public var id: VideoID
    public var owner: UserID
    public var title: String
    public var description: String
    public var category: String?
    public var tags: [String]
    public var people: [String]
    /// That is spoken in it.
    public var language: LanguageTag?
    public var recordedOn: CalendarDay?
    /// In the order of their starts.
    public var chapters: [Chapter] = []
    public var isPremium: Bool
    public var isHidden: Bool
    public var passwordHash: String?
    /// The groups that it is for, in the order of their ids; empty where it is for everybody.
    public var groups: [GroupID] = []

    /// SHA-256 of the original, in hexadecimal; empty while the file is still to come.
    public var checksum: String
    public var byteCount: Int64
    /// The name the file had at its owner's; data, never a path.
    public var fileName: String

    public var status: Status
    /// 0...1, counting everything that is to be made.
    public var progress: Double
    public var duration: Double?
    public var width: Int?
    public var height: Int?
    public var kind = MediaKind.video
    public var hasThumbnail = false
    public var renditions: [EncodingProgress.Rendition]
    /// Why the work on it ended without a result.
    public var failure: EncodingProgress.Failure?
    /// What is missing in it, although it plays.
    public var warnings: [MediaWarning]
    public var viewCount: Int

    public var createdAt: Date
    public var updatedAt: Date
    public var readyAt: Date?
    /// How far it is while its file is fetched from elsewhere.
    var fetch: Fetch.Progress?
    /// Since when it is in the trash; nil for what is not there. 1970 for what is being removed for good, which nobody can take back.
    public var trashedAt: Date?
    public var downloads = Downloads.none
    /// Nil for the automatic cover.
    public var poster: Poster?
    /// An administrator shows it first.
    public var isFeatured = false
    /// What it is made of since its file was replaced; nil while that is what it began with.
    var laterVersion: VersionID?
    public var replacement: Replacement?

    /// What it is made of now.
    public var version: VersionID { laterVersion ?? id.firstVersion }

    /// What the access policy needs to know.
    public var subject: VideoAccess.Subject {
        VideoAccess.Subject(
            owner: owner, isPremium: isPremium, isHidden: isHidden, hasPassword: passwordHash != nil, groups: groups,
            isTrashed: trashedAt != nil, downloads: downloads)
    }
}
