import Security

/// A right to fetch the parts of one video, and the token that carries it on.
struct PlaybackPass: Sendable {
    var video: VideoID
    /// Whoever began to watch one goes on with it, whatever the video is made of by now.
    var version: VersionID
    var token: String
    /// Seconds since 1970.
    var expiresAt: Int64
    /// Tells viewers apart.
    var viewer: UInt64
    /// The sign-in or the link that it was made through, as `Identifier.short`.
    var session: UInt64
    /// It was made through a link, which any number of people may have.
    var isShared: Bool
}

extension PlaybackPass {
    /// The token is the grant's.
    init(_ grant: Grant, _ token: String) {
        let video = VideoID(high: grant.subjectHigh, low: grant.subjectLow)
        self.init(
            video: video,
            version: grant.hasEdition
                ? VersionID(high: grant.editionHigh, low: grant.editionLow) : video.firstVersion,
            token: token, expiresAt: grant.expiresAt,
            // Those who come by a link are not its maker, and nobody knows them apart.
            viewer: grant.purpose == .sharedPlayback ? grant.session : grant.holder, session: grant.session,
            isShared: grant.purpose == .sharedPlayback)
    }

    /// Whether grants for this purpose open what is played.
    static func plays(_ purpose: Grant.Purpose) -> Bool { purpose == .playback || purpose == .sharedPlayback }

    init(_ grant: Grant, signedBy signer: GrantSigner) { self.init(grant, signer.sign(grant)) }

    /// What the addresses of everything that it opens begin with: relative addresses inherit it.
    var folder: String { "/api/v1/play/\(token)/" }
}

extension Grant {
    /// The same for what the video is made of now.
    func playing(_ video: Video) -> Grant {
        video.version == video.id.firstVersion ? self : limited(to: video.version)
    }
}

extension Grant.Purpose {
    /// Playlists, keys, segments and pictures of a video.
    static let playback = Grant.Purpose(rawValue: 1)
    /// The proof that its holder gave the video's password. Opens nothing by itself.
    static let unlock = Grant.Purpose(rawValue: 2)
    /// The same as `playback`, for whoever has a link: the holder is who made it, and the session is the link.
    static let sharedPlayback = Grant.Purpose(rawValue: 5)
}
