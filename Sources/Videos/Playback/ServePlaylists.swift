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
    func presentation(of pass: PlaybackPass) async throws -> Presentation {
        try await made(of: pass).with(uploaded: try await captions(pass.video).captions)
    }

    /// What the encoder made.
    private func made(of pass: PlaybackPass) async throws -> Presentation {
        if let presentation = try await encoding.presentation(pass.version) { return presentation }
        guard let found = try await find.stored(pass.video) else { throw VideoError.notFound }
        // It was replaced so long ago that nothing of it is left.
        guard found.version == pass.version else { throw VideoError.grantExpired }
        throw VideoError.notPlayable(found.status)
    }

    /// The playlist as it was made for somebody else; nil where it must be made, or looked at again.
    func kept(of pass: PlaybackPass, rendition: String? = nil, isOfKeyframes: Bool = false) -> KeptPlaylists.Playlist? {
        let name = KeptPlaylists.Name(video: pass.version, rendition: rendition, isOfKeyframes: isOfKeyframes)
        return playlists.kept(name, rendition == nil ? versionOfMaster(pass) : version(pass), at: now())
    }

    private func version(_ pass: PlaybackPass) -> KeptPlaylists.Version? {
        encoding.presentationVersion(pass.version).map { KeptPlaylists.Version(presentation: $0) }
    }

    private func versionOfMaster(_ pass: PlaybackPass) -> KeptPlaylists.Version? {
        guard let presentation = encoding.presentationVersion(pass.version), let uploaded = captions.known(pass.video)
        else { return nil }
        return KeptPlaylists.Version(presentation: presentation, captions: uploaded.version)
    }

    /// The master playlist below a grant: the same for everybody.
    func master(of pass: PlaybackPass) async throws -> KeptPlaylists.Playlist {
        let version = versionOfMaster(pass)
        let presentation = try await presentation(of: pass)
        return playlists(KeptPlaylists.Name(video: pass.version), of: .whole(presentation), version, at: now()) {
            VideoPlaylists(presentation: presentation).master()
        }
    }

    func media(of pass: PlaybackPass, rendition: String) async throws -> KeptPlaylists.Playlist {
        let version = version(pass)
        let presentation = try await made(of: pass)
        let (name, now) = (KeptPlaylists.Name(video: pass.version, rendition: rendition), now())
        if let track = presentation[rendition] {
            var list = SegmentList(track, of: pass.version, isGrowing: presentation.isGrowing)
            if playlists.grewLately(name, at: now) { list.sharedFolder = nil }
            return playlists(name, of: .segments(list), version, at: now) { list.render() }
        }
        let isUploaded = rendition.hasPrefix(Caption.prefix)
        let known = isUploaded ? try await captions(pass.video).captions : presentation.captions
        guard known.contains(where: { $0.name == rendition }) else { throw VideoError.partMissing }
        // Of uploaded ones it is looked at each time whether they are still there.
        return playlists(name, of: .whole(presentation), isUploaded ? nil : version, at: now) {
            VideoPlaylists(presentation: presentation).captions()
        }
    }

    /// One keyframe of each segment, for scrubbing; only of what is wholly made.
    func keyframes(of pass: PlaybackPass, rendition: String) async throws -> KeptPlaylists.Playlist {
        let version = version(pass)
        let presentation = try await made(of: pass)
        guard let track = presentation[rendition], let sizes = track.keyframeByteCounts,
            sizes.count == track.segmentDurations.count
        else { throw VideoError.partMissing }
        var list = SegmentList(track, of: pass.version, isGrowing: presentation.isGrowing)
        list.keyframeByteCounts = sizes
        let name = KeptPlaylists.Name(video: pass.version, rendition: rendition, isOfKeyframes: true)
        return playlists(name, of: .segments(list), version, at: now()) { list.render() }
    }
}
