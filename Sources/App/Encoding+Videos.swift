import Encoding
import SQL
import Videos

// Videos and Encoding do not know each other. Their ids of the same things meet here: what is encoded is a version of a video.

extension VersionID {
    var encoding: EncodingID { EncodingID(high: high, low: low) }
}

extension EncodingID {
    var version: VersionID { VersionID(high: high, low: low) }
}

extension VideoEncoding {
    init(
        _ queue: EncodingQueue, _ inspect: InspectUpload, _ playback: EncodingPlayback, _ pictures: MakePictures
    ) {
        self.init(
            inspect: { path, onTurn in
                do {
                    return InspectedVideo(try await inspect(path: path, onTurn: onTurn), queue)
                } catch let error as InspectionError {
                    throw RefusedContent(error.code)
                }
            },
            remove: { transaction, id in try queue.remove(id.encoding, in: transaction) },
            pause: { transaction, id in try queue.pause(id.encoding, in: transaction) },
            resume: { transaction, id in try queue.resume(id.encoding, in: transaction) },
            retry: { transaction, id in try queue.retry(id.encoding, in: transaction) },
            presentation: { id in try await playback.presentation(id.encoding) },
            presentationVersion: { id in playback.presentationVersion(id.encoding) },
            openSegment: { id, rendition, number in
                playback.openSegment(id.encoding, rendition: rendition, number: number)
            },
            openSharedSegment: { id, rendition, number in
                playback.openSharedSegment(id.encoding, rendition: rendition, number: number)
            },
            segment: { id, rendition, number, viewer in
                VideoPart(try await playback.segment(id.encoding, rendition: rendition, number: number, for: viewer))
            },
            sharedSegment: { id, rendition, number in
                try await playback.sharedSegment(id.encoding, rendition: rendition, number: number)
            },
            sharedSegmentAddress: { id, rendition, number in
                try await playback.sharedSegmentAddress(id.encoding, rendition: rendition, number: number)
            },
            initSegment: { id, rendition, viewer in
                VideoPart(try await playback.initSegment(id.encoding, rendition: rendition, for: viewer))
            },
            key: { id, rendition in try await playback.key(id.encoding, rendition: rendition) },
            movie: { id, rendition in VideoMovie(try await playback.movie(id.encoding, rendition: rendition)) },
            picture: { id, picture in try await playback.picture(id.encoding, picture) },
            pictures: VideoPictures(pictures),
            captions: { id, name in try await playback.captions(id.encoding, name) },
            captionsOfFilm: { id in
                try await playback.captions(id.encoding).map {
                    FilmCaptions($0.captions, text: String(decoding: $0.text, as: UTF8.self))
                }
            })
    }
}

extension EncodingQueue {
    /// With rows of the catalogue that are in step with it.
    convenience init(_ settings: EncodingSettings, _ database: Database, _ follow: FollowEncoding) {
        self.init(settings: settings, database: database) { transaction, id, change in
            try follow(change, of: id.version, in: transaction)
        } onCaptions: { transaction, id, made in
            let captions = made.map { FilmCaptions($0.captions, text: $0.text) }
            try follow(captions, of: id.version, in: transaction)
        }
    }
}

extension VideoPictures {
    fileprivate init(_ make: MakePictures) {
        self.init(
            frame: { id, seconds, width, viewer, mayMake in
                VideoPicture(
                    try await make.frame(of: id.encoding, at: seconds, width: width, for: viewer, mayMake))
            },
            smaller: { id, key, width, mayMake in
                VideoPicture(try await make.smaller(key, of: id.encoding, width: width, mayMake))
            },
            keepFrame: { id, seconds, key in
                VideoPicture(try await make.keepFrame(of: id.encoding, at: seconds, as: key))
            },
            keepPicture: { bytes, key in
                do { try await make.keepPicture(bytes, as: key) } catch let refusal as PictureRefusal {
                    throw RefusedPicture(refusal)
                }
            })
    }
}

extension RefusedPicture {
    fileprivate init(_ refusal: PictureRefusal) {
        switch refusal {
        case .noPicture: self = .noPicture
        case .tooManyPixels: self = .tooManyPixels
        case .unreadable: self = .unreadable
        }
    }
}

extension VideoPicture {
    fileprivate init(_ answer: PictureAnswer) {
        switch answer {
        case .picture(let content): self = .file(content)
        case .unavailable(let delay): self = .unavailable(retryAfter: max(1, Int(delay.components.seconds)))
        case .missing: self = .missing
        case .failed: self = .failed
        }
    }
}

extension InspectedVideo {
    fileprivate init(_ facts: MediaFacts, _ queue: EncodingQueue) {
        let size = facts.video?.displaySize
        self.init(
            duration: facts.duration, width: size?.width, height: size?.height, kind: size == nil ? .audio : .video
        ) { transaction, id in
            try queue.add(id.encoding, facts: facts, in: transaction)
        }
    }
}

extension VideoMovie {
    fileprivate init(_ answer: MovieAnswer) {
        switch answer {
        case .movie(let movie):
            self = .file(File(isVideo: movie.isVideo) { mayGoOn, take in try await movie.write(mayGoOn, to: take) })
        case .unavailable(let delay): self = .unavailable(retryAfter: max(1, Int(delay.components.seconds)))
        case .missing: self = .missing
        case .mended: self = .mended
        }
    }
}

extension VideoPart {
    fileprivate init(_ answer: SegmentAnswer) {
        switch answer {
        case .file(let file): self = .file(file)
        case .unavailable(let delay): self = .unavailable(retryAfter: max(1, Int(delay.components.seconds)))
        case .missing: self = .missing
        case .failed: self = .failed
        }
    }
}
