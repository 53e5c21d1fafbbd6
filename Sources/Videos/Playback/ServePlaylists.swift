import FoundationEssentials
import Media

/// Playlists of what can be played: made once, and kept for as long as they are true.
struct ServePlaylists: Sendable {
    let encoding: VideoEncoding
    let captions: CaptionLists
    let find: FindVideo
    let now: @Sendable () -> Date
    private let playlists = KeptPlaylists()

    /// With the captions that people uploaded.
    func presentation(of id: VideoID) async throws -> Presentation {
        try await made(of: id).with(uploaded: try await captions(id).captions)
    }

    /// What the encoder made.
    private func made(of id: VideoID) async throws -> Presentation {
        if let presentation = try await encoding.presentation(id) { return presentation }
        guard let found = try await find.stored(id) else { throw VideoError.notFound }
        throw VideoError.notPlayable(found.status)
    }

    /// The playlist as it was made for somebody else; nil where it must be made, or looked at again.
    func kept(of id: VideoID, rendition: String? = nil, isOfKeyframes: Bool = false) -> KeptPlaylists.Playlist? {
        let name = KeptPlaylists.Name(video: id, rendition: rendition, isOfKeyframes: isOfKeyframes)
        return playlists.kept(name, rendition == nil ? versionOfMaster(id) : version(id), at: now())
    }

    private func version(_ id: VideoID) -> KeptPlaylists.Version? {
        encoding.presentationVersion(id).map { KeptPlaylists.Version(presentation: $0) }
    }

    private func versionOfMaster(_ id: VideoID) -> KeptPlaylists.Version? {
        guard let presentation = encoding.presentationVersion(id), let uploaded = captions.known(id) else { return nil }
        return KeptPlaylists.Version(presentation: presentation, captions: uploaded.version)
    }

    /// The master playlist below a grant: the same for everybody.
    func master(of id: VideoID) async throws -> KeptPlaylists.Playlist {
        let version = versionOfMaster(id)
        let presentation = try await presentation(of: id)
        return playlists(KeptPlaylists.Name(video: id), of: .whole(presentation), version, at: now()) {
            VideoPlaylists(presentation: presentation).master()
        }
    }

    func media(of id: VideoID, rendition: String) async throws -> KeptPlaylists.Playlist {
        let version = version(id)
        let presentation = try await made(of: id)
        let (name, now) = (KeptPlaylists.Name(video: id, rendition: rendition), now())
        if let track = presentation[rendition] {
            var list = SegmentList(track, of: id, isGrowing: presentation.isGrowing)
            if playlists.grewLately(name, at: now) { list.sharedFolder = nil }
            return playlists(name, of: .segments(list), version, at: now) { list.render() }
        }
        let isUploaded = rendition.hasPrefix(Caption.prefix)
        let known = isUploaded ? try await captions(id).captions : presentation.captions
        guard known.contains(where: { $0.name == rendition }) else { throw VideoError.partMissing }
        // Of uploaded ones it is looked at each time whether they are still there.
        return playlists(name, of: .whole(presentation), isUploaded ? nil : version, at: now) {
            VideoPlaylists(presentation: presentation).captions()
        }
    }

    /// One keyframe of each segment, for scrubbing; only of what is wholly made.
    func keyframes(of id: VideoID, rendition: String) async throws -> KeptPlaylists.Playlist {
        let version = version(id)
        let presentation = try await made(of: id)
        guard let track = presentation[rendition], let sizes = track.keyframeByteCounts,
            sizes.count == track.segmentDurations.count
        else { throw VideoError.partMissing }
        var list = SegmentList(track, of: id, isGrowing: presentation.isGrowing)
        list.keyframeByteCounts = sizes
        let name = KeptPlaylists.Name(video: id, rendition: rendition, isOfKeyframes: true)
        return playlists(name, of: .segments(list), version, at: now()) { list.render() }
    }
}
