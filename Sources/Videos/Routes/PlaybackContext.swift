import Web

/// A request that may fetch parts of one video: a handler that takes it cannot be reached without the right to.
struct PlaybackContext: RequestContext {
    let base: BaseContext
    let pass: PlaybackPass

    var video: VideoID { pass.video }
    var version: VersionID { pass.version }
}

extension RequestContext {
    /// The version of the path; what cannot be an id names none.
    var versionID: VersionID {
        get throws {
            guard let id = parameters["id"].flatMap({ VersionID($0) }) else { throw VideoError.partMissing }
            return id
        }
    }

    var rendition: String {
        get throws { try parameters.require("rendition") }
    }

    /// The number in `17.m4s`: without a sign and without leading zeros, since a segment has one name.
    var segmentNumber: Int {
        get throws(VideoError) {
            guard let digits = parameters["number"]?.utf8, (1...7).contains(digits.count),
                digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), digits.count == 1 || digits.first != 0x30,
                let number = Int(String(digits))
            else { throw .partMissing }
            return number
        }
    }
}

extension BaseContext {
    fileprivate var grant: String {
        get throws { try parameters.require("grant") }
    }
}

extension AccessRule {
    /// A grant in the address, or a signed-in viewer whom `VideoAccess` lets play. Making a `PlaybackContext` checks it, so
    /// that a grant takes no look at the database.
    public static let playback = AccessRule.rule("playback")
}

extension GrantPlayback {
    /// Routes below a prefix that names a video.
    func routesOfVideo(_ prefix: String, in router: RouterBuilder) -> RouterGroup<PlaybackContext> {
        router.group(prefix, access: .playback, provesAccess: true) { request, parent in
            PlaybackContext(base: parent, pass: try await pass(for: try parent.videoID, request))
        }
    }

    /// Routes below a prefix that holds a grant: it says which video it is for.
    func routesByGrant(_ prefix: String, in router: RouterBuilder) -> RouterGroup<PlaybackContext> {
        router.group(
            prefix, access: .playback, provesAccess: true,
            atOnce: { _, parent, answer in
                guard let pass = try passNow(inPath: try parent.grant) else { return nil }
                return try answer(PlaybackContext(base: parent, pass: pass))
            },
            context: { request, parent in
                PlaybackContext(base: parent, pass: try await pass(inPath: try parent.grant, request))
            })
    }
}
