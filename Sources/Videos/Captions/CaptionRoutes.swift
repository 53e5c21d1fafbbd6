import FoundationEssentials
import HTTP
import Media
import Web

/// Captions and the transcript of a video.
struct CaptionRoutes: Sendable {
    let read: ReadCaptions
    let change: ChangeCaptions

    func add(to videos: RouterGroup<ViewerContext>) {
        videos.get("/{id}/captions", limit: .browsing) { request, context in
            let captions = try await read.list(of: try context.videoID, request, for: context.viewer)
            return try .json(CaptionListBody(data: captions.map(CaptionBody.init)))
        }
        videos.put("/{id}/captions/{language}", limit: .captioning, bodyLimit: Caption.mostBytes) { request, context in
            let id = try context.videoID
            try await change.check(id, by: context.viewer)
            let wish = try ChangeCaptions.Wish(request, context)
            let file = try await request.body.collect(upTo: Caption.mostBytes)
            let (caption, isNew) = try await change.put(file, wish, of: id, by: context.viewer)
            return try .json(CaptionBody(caption), status: isNew ? .created : .ok)
        }
        videos.delete("/{id}/captions/{language}", limit: .captioning) { _, context in
            try await change.remove(context.captionLanguage, of: try context.videoID, by: context.viewer)
            return .noContent
        }
        videos.get("/{id}/captions/{language}.vtt", limit: .browsing) { request, context in
            let text = try await read.text(
                of: try context.videoID, context.captionLanguage, request, for: context.viewer)
            return .captions(text.text, type: "text/vtt; charset=utf-8", version: text.version)
        }
        videos.get("/{id}/captions/{language}.srt", limit: .browsing) { request, context in
            let text = try await read.subRip(
                of: try context.videoID, context.captionLanguage, request, for: context.viewer)
            var response = Response.captions(
                text.text, type: "application/x-subrip; charset=utf-8", version: text.version)
            response.headers["Content-Disposition"] = ContentDisposition.attachment(
                named: "\(context.captionLanguage?.text ?? "captions").srt")
            return response
        }
        addTranscript(to: videos)
    }

    private func addTranscript(to videos: RouterGroup<ViewerContext>) {
        videos.get("/{id}/transcript", limit: .browsing) { request, context in
            let transcript = try await read.transcript(of: try context.videoID, request, for: context.viewer)
            return try .json(TranscriptBody(transcript))
        }
        videos.put("/{id}/transcript", limit: .captioning, bodyLimit: Transcript.mostBytes) { request, context in
            let id = try context.videoID
            try await change.check(id, by: context.viewer)
            guard request.mediaType == "text/plain" else {
                throw Problem(.unsupportedMediaType, code: "unsupported_media_type", detail: "Send text/plain.")
            }
            let file = try await request.body.collect(upTo: Transcript.mostBytes)
            try await change.putTranscript(file, of: id, by: context.viewer)
            return .noContent
        }
        videos.delete("/{id}/transcript", limit: .captioning) { _, context in
            try await change.removeTranscript(of: try context.videoID, by: context.viewer)
            return .noContent
        }
    }
}

extension RateLimit {
    /// Captions and transcripts that are written: each is read and indexed.
    static let captioning = RateLimit("captioning", of: .account, burst: 120, interval: .seconds(1))
}

extension Response {
    /// What may change at its address: whoever has kept it asks whether it is still so.
    static func captions(_ text: String, type: String, version: String) -> Response {
        var response = Response.bytes(Array(text.utf8), type: type)
        response.headers[.etag] = EntityTag(version).description
        response.headers[.cacheControl] = "private, no-cache"
        return response
    }
}

extension RequestContext {
    /// Nil for what is no language, in which there are no captions.
    fileprivate var captionLanguage: LanguageTag? { parameters["language"].flatMap { LanguageTag($0) } }
}

extension ChangeCaptions.Wish {
    fileprivate init(_ request: Request, _ context: ViewerContext) throws(CaptionRefusal) {
        guard let language = context.captionLanguage else { throw .unknownLanguage }
        self.language = language
        let label = (request.query["label"] ?? "").trimmingSpaces()
        guard label.unicodeScalars.count <= VideoDetails.Limit.word, !label.unicodeScalars.contains(where: \.isControl)
        else { throw .labelTooLong }
        self.label = label.isEmpty ? nil : label
        guard let kind = Caption.Kind(rawValue: request.query["kind"] ?? Caption.Kind.subtitles.rawValue) else {
            throw .unknownKind
        }
        self.kind = kind
        switch request.mediaType {
        case "text/vtt": format = .webVTT
        case "application/x-subrip", "text/srt", "application/srt": format = .subRip
        case "", "text/plain", "application/octet-stream": format = nil
        default: throw .unknownType
        }
    }
}

private struct CaptionListBody: Encodable {
    let data: [CaptionBody]
}

private struct CaptionBody: Encodable {
    let caption: Caption

    init(_ caption: Caption) { self.caption = caption }

    private enum CodingKeys: String, CodingKey {
        case language, label, kind
        case cueCount = "cue_count"
        case updatedAt = "updated_at"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(caption.language.text, forKey: .language)
        try body.encode(caption.label, forKey: .label)
        try body.encode(caption.kind.rawValue, forKey: .kind)
        try body.encode(caption.cueCount, forKey: .cueCount)
        try body.encode(caption.updatedAt, forKey: .updatedAt)
    }
}

private struct TranscriptBody: Encodable {
    let transcript: Transcript

    init(_ transcript: Transcript) { self.transcript = transcript }

    private enum CodingKeys: String, CodingKey {
        case text, source, language
        case updatedAt = "updated_at"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(transcript.text, forKey: .text)
        try body.encode(transcript.source, forKey: .source)
        try body.encode(transcript.language, forKey: .language)
        try body.encode(transcript.updatedAt, forKey: .updatedAt)
    }
}
