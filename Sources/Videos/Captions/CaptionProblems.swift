import HTTP
import Media
import Web

extension CaptionRefusal: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound(code: "captions_not_found", "The video has no uploaded captions in this language.")
        case .noTranscript: .notFound(code: "transcript_not_found", "The video has neither a transcript nor captions.")
        case .tooMany:
            .conflict(
                code: "too_many_captions",
                "The video has captions in \(Caption.most) languages, which is the most. Remove some first.")
        case .unknownLanguage:
            .invalid(field: "language", code: "invalid_language", "A language tag such as en, es-419 or ru.")
        case .unknownKind: .invalid(field: "kind", code: "unknown", "Either subtitles or captions.")
        case .labelTooLong:
            .invalid(
                field: "label", code: "invalid",
                "At most \(VideoDetails.Limit.word) characters, without control characters.")
        case .unknownType:
            Problem(
                .unsupportedMediaType, code: "unsupported_media_type", detail: "Send text/vtt or application/x-subrip.")
        case .badTranscript:
            .invalid(field: "transcript", code: "invalid_characters", "Text in UTF-8, without control characters.")
        case .unreadable(let error): error.problem
        }
    }
}

extension CaptionError {
    fileprivate var problem: Problem {
        switch self {
        case .unreadableText:
            .invalid(
                field: "captions", code: "unknown_encoding",
                "The file is not in UTF-8. Save it again in UTF-8.")
        case .unknownFormat:
            .invalid(
                field: "captions", code: "unknown_format",
                "The file is neither WebVTT, which begins with WEBVTT, nor SRT.")
        case .empty: .invalid(field: "captions", code: "no_cues", "The file has no text with its times.")
        case .tooLarge:
            .invalid(field: "captions", code: "too_long", "The file has more cues or text than is possible.")
        case .wrongLines(let lines):
            .invalid(
                lines.map { line in
                    FieldProblem(
                        field: "line \(line.number)", code: line.fault.rawValue,
                        detail: "Line \(line.number): \(line.fault.detail)")
                })
        }
    }
}

extension CaptionError.Fault {
    fileprivate var detail: String {
        switch self {
        case .header: "A file of WebVTT begins with WEBVTT."
        case .noTiming: "Here begins a cue without a line of times."
        case .timing: "The times cannot be read. They look like 00:01:02.345 --> 00:01:04.000, with a comma in SRT."
        case .order: "The cue ends before it begins."
        case .arrow: "There is an arrow in the text of a cue. An empty line is missing before the next cue."
        }
    }
}
