import Accounts
import FoundationEssentials
import Identifiers

typealias WatchListID = Identifier<WatchList>

/// Videos that a person has put in an order of their own. In the contract it is a playlist; here that word means HLS's.
struct WatchList: Sendable, Equatable {
    /// That one person may have.
    static let most = 200
    /// That one may hold.
    static let mostVideos = 1_000
    static let longestName = 200

    var id: WatchListID
    var owner: UserID
    var name: String
    var createdAt: Date
    var updatedAt: Date

    /// - Throws: `VideoDetails.Invalid`.
    static func checkedName(_ text: String) throws -> String {
        var check = FieldCheck()
        let name = check.text(text, "name", limit: longestName)
        if name.isEmpty { check.refuse("name", "required", "A playlist needs a name.") }
        try check.finish()
        return name
    }
}

/// A playlist with what is told of it in lists: how many of its videos the viewer may see.
struct ShownWatchList: Sendable {
    var list: WatchList
    var videoCount: Int
}

/// A playlist as its owner sees it.
struct WatchListBody: Encodable, Sendable {
    var id: WatchListID
    var name: String
    var videoCount: Int
    var createdAt: Date
    var updatedAt: Date

    init(_ shown: ShownWatchList) {
        id = shown.list.id
        name = shown.list.name
        videoCount = shown.videoCount
        (createdAt, updatedAt) = (shown.list.createdAt, shown.list.updatedAt)
    }
}

/// A playlist with a page of its videos.
struct OpenedWatchListBody: Encodable, Sendable {
    var list: WatchListBody
    var page: PersonalPageBody<VideoBody>

    func encode(to encoder: any Encoder) throws {
        try list.encode(to: encoder)
        try page.encode(to: encoder)
    }
}
