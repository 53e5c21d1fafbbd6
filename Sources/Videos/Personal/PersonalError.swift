import Web

/// What can go wrong with what people keep for themselves, with its public code.
enum PersonalError: Error, Sendable, Equatable {
    case tooManyFavorites
    case noSuchWatchList
    case tooManyWatchLists
    case watchListFull
}

extension PersonalError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .tooManyFavorites:
            .conflict(
                code: "too_many_favorites",
                "You have \(FavoriteStore.most) favourites, which is the most. Remove some first.")
        case .noSuchWatchList: .notFound(code: "playlist_not_found", "You have no such playlist.")
        case .tooManyWatchLists:
            .conflict(
                code: "too_many_playlists",
                "You have \(WatchList.most) playlists, which is the most. Remove one first.")
        case .watchListFull:
            .conflict(
                code: "playlist_full",
                "The playlist has \(WatchList.mostVideos) videos, which is the most. Remove one first, or begin another playlist."
            )
        }
    }
}
