import FoundationEssentials
import Media

/// Playlists of what can be played: made once, and kept for as long as they are true.
struct ServePlaylists: Sendable {
    let encoding: VideoEncoding
    let find: FindVideo
    let now: @Sendable () -> Date
    private let playlists = KeptPlaylists()

    func presentation(of id: VideoID) async throws -> Presentation {
        if let presentation = try await encoding.presentation(id) { return presentation }
        guard let found = try await find.stored(id) else { throw VideoError.notFound }
        throw VideoError.notPlayable(found.status)
    }

    /// The playlist as it was made for somebody else; nil where it must be made, or looked at again.
    func kept(of id: VideoID, rendition: String? = nil, isOfKeyframes: Bool = false) -> KeptPlaylists.Playlist? {
        let name = KeptPlaylists.Name(video: id, rendition: rendition, isOfKeyframes: isOfKeyframes)
        return playlists.kept(name, encoding.presentationVersion(id), at: now())
    }

    /// The master playlist below a grant: the same for everybody.
    func master(of id: VideoID) async throws -> KeptPlaylists.Playlist {
        let version = encoding.presentationVersion(id)
        let presentation = try await presentation(of: id)
        return playlists(KeptPlaylists.Name(video: id), of: .whole(presentation), version, at: now()) {
            VideoPlaylists(presentation: presentation).master()
        }
    }

    func media(of id: VideoID, rendition: String) async throws -> KeptPlaylists.Playlist {
        let version = encoding.presentationVersion(id)
        let presentation = try await presentation(of: id)
        let (name, now) = (KeptPlaylists.Name(video: id, rendition: rendition), now())
        if let track = presentation[rendition] {
            var list = SegmentList(track, of: id, isGrowing: presentation.isGrowing)
            if playlists.grewLately(name, at: now) { list.sharedFolder = nil }
            return playlists(name, of: .segments(list), version, at: now) { list.render() }
        }
        guard presentation.captions.contains(where: { $0.name == rendition }) else { throw VideoError.partMissing }
        return playlists(name, of: .whole(presentation), version, at: now) {
            VideoPlaylists(presentation: presentation).captions()
        }
    }

    /// One keyframe of each segment, for scrubbing; only of what is wholly made.
    func keyframes(of id: VideoID, rendition: String) async throws -> KeptPlaylists.Playlist {
        let version = encoding.presentationVersion(id)
        let presentation = try await presentation(of: id)
        guard let track = presentation[rendition], let sizes = track.keyframeByteCounts,
            sizes.count == track.segmentDurations.count
        else { throw VideoError.partMissing }
        var list = SegmentList(track, of: id, isGrowing: presentation.isGrowing)
        list.keyframeByteCounts = sizes
        let name = KeptPlaylists.Name(video: id, rendition: rendition, isOfKeyframes: true)
        return playlists(name, of: .segments(list), version, at: now()) { list.render() }
    }
}
