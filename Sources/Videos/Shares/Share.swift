import Accounts
import FoundationEssentials
import Identifiers

public typealias ShareID = Identifier<Share>

/// A link by which people without an account may watch one video.
public struct Share: Sendable, Equatable {
    /// Of one video.
    static let most = 100
    static let mostViews = 1_000_000

    var id: ShareID
    var video: VideoID
    /// Whose right to manage the video the link lends.
    var maker: UserID
    var createdAt: Date
    /// Nil for never.
    var expiresAt: Date?
    /// Of its own, beside that of the video.
    var passwordHash: String?
    /// Where the video has a password the link asks for that one, unless its maker said that the link stands in its place.
    var replacesPassword: Bool
    /// Nil for any number.
    var viewLimit: Int?
    /// Views that were begun through it. The video's own views do not count them.
    var viewCount: Int
    /// In seconds.
    var startsAt: Double
    /// Pages of other sites may show it in a frame.
    var isEmbeddable: Bool

    func isExpired(at time: Date) -> Bool { expiresAt.map { $0 <= time } ?? false }
    var isUsedUp: Bool { viewLimit.map { viewCount >= $0 } ?? false }
}

/// What a maker wishes of a link.
struct ShareWish: Decodable, Sendable {
    var expiresAt: Date?
    var password: String?
    var replacesPassword: Bool?
    var viewLimit: Int?
    var startsAtSeconds: Double?
    var isEmbeddable: Bool?

    /// - Throws: `VideoDetails.Invalid`.
    func checked(at time: Date) throws -> ShareWish {
        var check = FieldCheck()
        var wish = self
        if let expiresAt, expiresAt <= time {
            check.refuse("expires_at", "out_of_range", "A time that is still to come.")
        }
        // A year that the grants and both databases can write.
        if let expiresAt, expiresAt.timeIntervalSince1970 > 253_402_300_799 {
            check.refuse("expires_at", "out_of_range", "A time before the year 10000.")
        }
        if let viewLimit, !(1...Share.mostViews).contains(viewLimit) {
            check.refuse("view_limit", "out_of_range", "A number from 1 to \(Share.mostViews).")
        }
        if let startsAtSeconds, !(0...VideoDetails.Limit.latestChapter).contains(startsAtSeconds) {
            check.refuse("starts_at_seconds", "out_of_range", "Seconds from the start of the video.")
        }
        wish.password = check.password(password)
        try check.finish()
        return wish
    }
}
