import Accounts
import SQL

/// The one policy of who may do what with a video, through which door.
///
/// Lists, pages, playlists, keys, pictures and changes all ask here; nothing else compares roles with videos.
public enum VideoAccess {
    /// What is being tried.
    public enum Door: Sendable, CaseIterable {
        /// Appearing in a list or a search, or in the stream of changes.
        case list
        /// The facts about one video.
        case details
        /// Playlists, segments, keys and the play answer.
        case play
        /// Thumbnails and storyboards: they show what is in the video.
        case picture
        /// Captions and transcripts: they tell what is said in the video.
        case captions
        /// Changing the facts, or running failed work again.
        case change
        case remove
        /// Seeing it in the trash, taking it out again, and removing it for good. The only door to what is in the trash.
        case trash
        /// The file that was uploaded, with all that its owner's device wrote into it.
        case original
        /// A rendition as a file.
        case movie
    }

    public enum Decision: Sendable, Equatable {
        case allowed
        /// Nobody is signed in: 401.
        case signInNeeded
        /// The video must look as if it did not exist: 404.
        case hidden
        /// Seen, but not theirs to change: 403.
        case forbidden
        /// Its password was not given yet: 403 with a code of its own.
        case locked
    }

    /// What the policy needs to know about a video.
    public struct Subject: Sendable, Equatable {
        public var owner: UserID
        public var isPremium: Bool
        public var isHidden: Bool
        public var hasPassword: Bool
        /// The groups that it is for; empty where it is for everybody.
        public var groups: [GroupID]
        public var isTrashed: Bool
        public var downloads: Video.Downloads

        public init(
            owner: UserID, isPremium: Bool, isHidden: Bool, hasPassword: Bool, groups: [GroupID],
            isTrashed: Bool = false, downloads: Video.Downloads = .none
        ) {
            self.downloads = downloads
            self.owner = owner
            self.isTrashed = isTrashed
            self.isPremium = isPremium
            self.isHidden = isHidden
            self.hasPassword = hasPassword
            self.groups = groups
        }
    }

    /// - Parameter isUnlocked: whether the viewer has given this video's password within the last hour.
    public static func decide(
        _ viewer: Viewer?, _ video: Subject, _ door: Door, isUnlocked: Bool = false
    ) -> Decision {
        guard let viewer else { return .signInNeeded }
        guard video.isTrashed == (door == .trash) else { return .hidden }
        if mayManage(viewer, video) { return .allowed }
        guard !video.isTrashed, maySee(viewer, video) else { return .hidden }
        switch door {
        case .list, .details: return .allowed
        case .change, .remove: return .forbidden
        case .trash: return .hidden
        case .original where video.downloads != .original, .movie where video.downloads == .none: return .forbidden
        case .play, .picture, .captions, .original, .movie:
            return video.hasPassword && !isUnlocked ? .locked : .allowed
        }
    }

    /// What the policy needs to know about somebody who has a link to the video and may be nobody else.
    public struct LinkHolder: Sendable, Equatable {
        /// Who made the link, as of now; nil once that person may not be here.
        public var maker: Viewer?
        public var hasPassword: Bool
        /// It asks for its own password, if it has one, and not for the video's.
        public var replacesPassword: Bool

        public init(maker: Viewer?, hasPassword: Bool, replacesPassword: Bool) {
            self.maker = maker
            self.hasPassword = hasPassword
            self.replacesPassword = replacesPassword
        }
    }

    /// A link lends no more than its maker has: it opens a video, hidden and premium ones as well, while that person may manage it.
    ///
    /// - Parameter isUnlocked: whether the link's holder has given the password that it asks for.
    public static func decide(
        _ holder: LinkHolder, _ video: Subject, _ door: Door, isUnlocked: Bool = false
    ) -> Decision {
        guard !video.isTrashed, let maker = holder.maker, mayManage(maker, video) else { return .hidden }
        let asksPassword = holder.hasPassword || (video.hasPassword && !holder.replacesPassword)
        switch door {
        case .details: return .allowed
        case .play, .picture, .captions: return asksPassword && !isUnlocked ? .locked : .allowed
        // Nothing else of the house is for those who have only a link.
        default: return .hidden
        }
    }

    /// Whether the viewer may bring new videos.
    public static func mayUpload(_ viewer: Viewer) -> Bool {
        switch viewer.role {
        case .admin, .creator: true
        default: false
        }
    }

    /// Whether the viewer may choose what everybody is shown first.
    static func mayFeature(_ viewer: Viewer) -> Bool { viewer.role == .admin }

    private static func mayManage(_ viewer: Viewer, _ video: Subject) -> Bool {
        switch viewer.role {
        case .admin: true
        case .creator: viewer.id == video.owner
        default: false
        }
    }

    /// Of those who may not manage it anyway.
    private static func maySee(_ viewer: Viewer, _ video: Subject) -> Bool {
        guard isFor(viewer, video) else { return false }
        return switch viewer.role {
        case .admin: true
        case .creator, .premium: !video.isHidden
        default: !video.isHidden && !video.isPremium
        }
    }

    private static func isFor(_ viewer: Viewer, _ video: Subject) -> Bool {
        video.groups.isEmpty || video.groups.contains { viewer.groups.contains($0) }
    }

    /// The same policy for the `list` door as a condition over the table `videos`.
    static func condition(for viewer: Viewer, in query: inout SQLConditions) {
        query.require("videos.trashed_at IS NULL")
        switch viewer.role {
        case .admin: return
        case .creator:
            let owner = query.bind(viewer.id)
            let isForViewer = isFor(viewer, in: &query)
            query.require("((videos.is_hidden = 0 AND \(isForViewer)) OR videos.owner_id = \(owner))")
        case .premium:
            query.require("videos.is_hidden = 0")
            query.require(isFor(viewer, in: &query))
        default:
            query.require("(videos.is_hidden = 0 AND videos.is_premium = 0)")
            query.require(isFor(viewer, in: &query))
        }
    }

    /// `isFor` in the words of the database, which looks at other tables only for a video that is not for everybody.
    private static func isFor(_ viewer: Viewer, in query: inout SQLConditions) -> String {
        guard !viewer.groups.isEmpty else { return "videos.is_restricted = 0" }
        let person = query.bind(viewer.id)
        return """
            (videos.is_restricted = 0 OR EXISTS (SELECT 1 FROM video_groups JOIN group_members \
            ON group_members.group_id = video_groups.group_id \
            WHERE video_groups.video_id = videos.id AND group_members.user_id = \(person)))
            """
    }

    /// The same policy for the `trash` door.
    static func trashCondition(for viewer: Viewer, in query: inout SQLConditions) {
        query.require("videos.trashed_at IS NOT NULL")
        switch viewer.role {
        case .admin: return
        case .creator: query.require("videos.owner_id = \(query.bind(viewer.id))")
        default: query.require("1 = 0")
        }
    }
}

/// Who is looking: what the policy needs to know about a signed-in person.
public struct Viewer: Sendable, Equatable {
    public var id: UserID
    public var role: Role
    public var groups: Set<GroupID>

    public init(id: UserID, role: Role, groups: Set<GroupID> = []) {
        self.id = id
        self.role = role
        self.groups = groups
    }
}
