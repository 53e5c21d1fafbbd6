import Media
import SQL
import Storage

/// A blob that the rows of a video say is there.
public struct PromisedFile: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case initSegment(rendition: String)
        case segment(rendition: String, number: Int, isMended: Bool)
        case picture(PictureKind)
        case captions
        case mezzanine
    }

    public let key: BlobKey
    let kind: Kind
    /// Under which it is encrypted; nil for what is in the clear.
    let secret: [UInt8]?

    private init?(_ key: BlobKey?, _ kind: Kind, secret: [UInt8]? = nil) {
        guard let key else { return nil }
        (self.key, self.kind, self.secret) = (key, kind, secret)
    }

    /// All that is made of a video by now. A blob comes before its row and stays as long as it, so at the moment of the rows each of
    /// these was there, unless it is lost.
    public static func all(of id: EncodingID, in access: ReadAccess) throws -> [PromisedFile] {
        guard let record = try EncodingStore.outline(id, in: access) else { return [] }
        let renditions = try EncodingStore.renditions(id, in: access)
        var files = renditions.flatMap { segments(of: $0, id) }
        if record.hasThumbnail { files += [PromisedFile(VideoFiles.picture(id, .thumbnail), .picture(.thumbnail))] }
        // While a film is still read there is none, and no task for one either.
        let isRead = !record.needsMezzanine || record.mezzanine != nil
        if isRead, renditions.contains(where: \.isVideo), try !TaskQueue.has(.storyboard, of: id, in: access) {
            for kind in [PictureKind.storyboardCues, .storyboard] {
                files += [PromisedFile(VideoFiles.picture(id, kind), .picture(kind))]
            }
        }
        files += record.captions.compactMap { PromisedFile(VideoFiles.captions(id, $0), .captions) }
        if record.mezzanine != nil, try TaskQueue.hasTasks(of: id, besides: .cleanup, in: access) {
            files += [PromisedFile(VideoFiles.mezzanine(id), .mezzanine)]
        }
        return files.compactMap(\.self)
    }

    private static func segments(of rendition: RenditionRecord, _ id: EncodingID) -> [PromisedFile?] {
        func files(_ name: String, _ numbers: [Int], isMended: Bool) -> [PromisedFile?] {
            guard !numbers.isEmpty else { return [] }
            return [PromisedFile(VideoFiles.initSegment(id, name), .initSegment(rendition: rendition.name))]
                + numbers.map { number in
                    PromisedFile(
                        VideoFiles.segment(id, name, number),
                        .segment(rendition: rendition.name, number: number, isMended: isMended), secret: rendition.key)
                }
        }
        let numbers = 0..<max(0, rendition.segmentCount)
        return files(rendition.name, numbers.filter(rendition.made.contains), isMended: false)
            + files(Workshop.mended(rendition.name), numbers.filter(rendition.mended.contains), isMended: true)
    }
}
