import Encoding
import SQL
import Videos

// Videos and Encoding do not know each other. Their words for the same things meet here.

extension VideoID {
    var encoding: EncodingID { EncodingID(high: high, low: low) }
}

extension EncodingID {
    var video: VideoID { VideoID(high: high, low: low) }
}

extension VideoEncoding {
    init(_ encoder: Encoder) {
        self.init(
            inspect: { path, onTurn in
                do {
                    return InspectedVideo(try await encoder.inspect(path: path, onTurn: onTurn), encoder)
                } catch let error as InspectionError {
                    throw RefusedContent(RefusedContent.Code(rawValue: error.code.rawValue) ?? .notAVideo)
                }
            },
            remove: { transaction, id in try encoder.remove(transaction, id.encoding) },
            retry: { transaction, id in try encoder.retry(transaction, id.encoding) },
            presentation: { id in try await encoder.presentation(id.encoding).map(VideoPresentation.init) },
            presentationVersion: { id in encoder.presentationVersion(id.encoding) },
            openSegment: { id, rendition, number in
                encoder.openSegment(id.encoding, rendition: rendition, number: number)
            },
            openSharedSegment: { id, rendition, number in
                encoder.openSharedSegment(id.encoding, rendition: rendition, number: number)
            },
            segment: { id, rendition, number, viewer in
                VideoPart(try await encoder.segment(id.encoding, rendition: rendition, number: number, for: viewer))
            },
            sharedSegment: { id, rendition, number in
                try await encoder.sharedSegment(id.encoding, rendition: rendition, number: number)
            },
            initSegment: { id, rendition, viewer in
                VideoPart(try await encoder.initSegment(id.encoding, rendition: rendition, for: viewer))
            },
            key: { id, rendition in try await encoder.key(id.encoding, rendition: rendition) },
            picture: { id, picture in
                try await encoder.picture(id.encoding, PictureKind(picture)).map { .file($0) } ?? .missing
            },
            captions: { id, name in
                try await encoder.captions(id.encoding, name).map { .file($0) } ?? .missing
            })
    }
}

extension InspectedVideo {
    fileprivate init(_ facts: MediaFacts, _ encoder: Encoder) {
        let size = facts.video?.displaySize
        self.init(
            duration: facts.duration, width: size?.width, height: size?.height, kind: size == nil ? .audio : .video
        ) { transaction, id in
            try encoder.enqueue(transaction, id.encoding, facts: facts)
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

extension PictureKind {
    fileprivate init(_ picture: VideoPicture) {
        switch picture {
        case .thumbnail: self = .thumbnail
        case .storyboardImage: self = .storyboard
        case .storyboardTrack: self = .storyboardCues
        }
    }
}

extension VideoPresentation {
    fileprivate init(_ presentation: Presentation) {
        self.init(
            video: presentation.video.map(Track.init), audio: presentation.audio.map(Track.init),
            captions: presentation.captions.map(Captions.init), isGrowing: presentation.isGrowing)
    }
}

extension VideoPresentation.Track {
    fileprivate init(_ rendition: Presentation.Rendition) {
        let kind: VideoPresentation.Kind =
            switch rendition.kind {
            case .video(let size, let frameRate): .video(width: size.width, height: size.height, frameRate: frameRate)
            case .audio(let label, let count): .audio(label: VideoPresentation.Label(label), channelCount: count)
            }
        self.init(
            name: rendition.name, kind: kind, codecs: rendition.codecs, bandwidth: rendition.bandwidth,
            segmentDurations: rendition.segmentDurations, isEncrypted: rendition.isEncrypted,
            isComplete: rendition.isComplete, keyframeByteCounts: rendition.keyframeByteCounts,
            mended: rendition.mended, mendedName: rendition.mendedName)
    }
}

extension VideoPresentation.Label {
    fileprivate init(_ label: TrackLabel) {
        self.init(title: label.title, language: label.language, isDescription: label.isDescription)
    }
}

extension VideoPresentation.Captions {
    fileprivate init(_ captions: Presentation.Captions) {
        self.init(
            name: captions.name, label: VideoPresentation.Label(captions.label), isForced: captions.isForced,
            isForDeaf: captions.isForDeaf)
    }
}

extension VideoProgress {
    init(_ change: EncodingChange) {
        let status: Video.Status =
            switch change.status {
            case .processing: .processing
            case .ready: .ready
            case .failed: .failed
            }
        self.init(
            status: status, progress: change.progress, duration: change.duration, width: change.width,
            height: change.height, kind: change.isAudio ? .audio : .video, hasThumbnail: change.hasThumbnail,
            renditions: change.renditions.map(Video.Rendition.init),
            failure: change.errorCode.map { Video.Failure(code: $0, detail: change.errorDetail ?? "") },
            warnings: change.warnings.map { Video.Warning(code: $0.code.rawValue, detail: $0.detail) })
    }
}

extension Video.Rendition {
    fileprivate init(_ rendition: EncodingChange.Rendition) {
        let state =
            switch rendition.state {
            case .waiting: "waiting"
            case .filling: "encoding"
            case .complete: "ready"
            case .failed: "failed"
            }
        self.init(
            name: rendition.name, width: rendition.width, height: rendition.height, bandwidth: rendition.bandwidth,
            state: state)
    }
}
