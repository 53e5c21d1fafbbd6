import Cryptography
import Media
import Reactor
import Storage
import Synchronization
import Telemetry

/// What a request for a picture gets.
public enum PictureAnswer: Sendable {
    case picture(BlobContent)
    /// What it is made of is not there yet, or too many are being made.
    case unavailable(retryAfter: Duration)
    /// There is nothing to be seen.
    case missing
    /// It could not be made.
    case failed
}

/// Why a file cannot become a picture.
public enum PictureRefusal: Error, Sendable, Equatable {
    case noPicture, tooManyPixels, unreadable
}

/// Makes pictures of videos when somebody asks for them, and keeps them for the next who asks.
///
/// - Rule: a picture of the film is taken from one segment of a rendition, never from the original.
/// - Why: a segment is small wherever it lies, its time is exact, and its colours are what viewers see.
public final class MakePictures: Sendable {
    /// In pixels: what is asked for becomes the next of these, so that those who ask for nearly the same get the same.
    public static let widths = [160, 320, 480, 640, 960, 1280, 1920]
    /// Of a picture for which no width is asked for, and of covers.
    static let standardWidth = 1280
    /// Of a segment that is read: more than any takes.
    private static let mostSegmentBytes = 256 << 20
    private static let retry = Duration.seconds(3)

    let playback: EncodingPlayback
    let queue: EncodingQueue
    let storage: StorageServices
    let tools: EncodingTools
    let limits: PictureLimits
    let log: Log
    private let places: Places
    // bound: `limits.waiting`
    private let making = Mutex<[PictureName: Task<BlobContent?, any Error>]>([:])

    public convenience init(
        _ queue: EncodingQueue, playback: EncodingPlayback, tools: EncodingTools, storage: StorageServices, log: Log
    ) {
        self.init(queue, playback: playback, tools: tools, storage: storage, limits: PictureLimits(), log: log)
    }

    init(
        _ queue: EncodingQueue, playback: EncodingPlayback, tools: EncodingTools, storage: StorageServices,
        limits: PictureLimits, log: Log
    ) {
        (self.queue, self.playback, self.tools, self.storage) = (queue, playback, tools, storage)
        (self.limits, self.log) = (limits, log)
        places = Places(limits.atOnce)
    }

    /// What is seen at a moment of the film; behind its end, its last picture.
    ///
    /// - Parameters:
    ///   - viewer: see `EncodingPlayback.segment`.
    ///   - mayMake: asked before a picture is made; what it throws ends the request.
    public func frame(
        of id: EncodingID, at seconds: Double, width: Int?, for viewer: UInt64, _ mayMake: () async throws -> Void
    ) async throws -> PictureAnswer {
        guard let wish = try await wish(for: id, at: seconds, width: width) else { return .missing }
        let picture = PictureName(id, "frame-\(wish.milliseconds)-\(wish.size.width).jpg")
        return try await find(picture, mayMake) { [self] folder in
            try await takeFrame(wish, of: id, for: viewer, into: "\(folder)/frame.jpg", folder: folder)
        }
    }

    /// Another picture of the video's, smaller; nothing grows.
    ///
    /// - Parameter whole: a JPEG that was made here; nil for the thumbnail.
    public func smaller(
        _ whole: BlobKey?, of id: EncodingID, width: Int, _ mayMake: () async throws -> Void
    ) async throws -> PictureAnswer {
        let whole = whole ?? VideoFiles.picture(id, .thumbnail)
        guard let content = try await storage.blobs.open(whole) else { return .missing }
        let width = Self.step(width)
        // Another one for another picture under the same key.
        let sum = SHA256.hash("\(whole) \(content.version)").prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let mark = String(sum, radix: 16)
        return try await find(PictureName(id, "small-\(mark)-\(width).jpg"), mayMake) { [self] folder in
            let file = "\(folder)/small.jpg"
            try await storage.workspace.withCopy(of: whole) { path in
                try await inTurn {
                    // Pictures that stand upright are as high as they need to be.
                    let box = PixelSize(width: width, height: Int(UInt16.max))
                    try await tools.reader.tool.redraw(path, .jpeg, within: box, into: file, folder: folder)
                }
            }
            return file
        }
    }

    /// Makes a picture of the film and keeps it under this key, until somebody removes it.
    public func keepFrame(of id: EncodingID, at seconds: Double, as key: BlobKey) async throws -> PictureAnswer {
        guard let wish = try await wish(for: id, at: seconds, width: nil) else { return .missing }
        do {
            return try await working { folder in
                let file = "\(folder)/frame.jpg"
                try await takeFrame(wish, of: id, for: 0, into: file, folder: folder)
                try await storage.blobs.adopt(fileAt: file, as: key)
                return try await storage.blobs.open(key).map { .picture($0) } ?? .missing
            }
        } catch let part as MissingPart {
            return part.answer
        }
    }

    /// Reads a picture that a stranger gave and keeps what is seen in it under this key, until somebody removes it.
    ///
    /// - Throws: `PictureRefusal`.
    public func keepPicture(_ bytes: [UInt8], as key: BlobKey) async throws {
        guard let format = PictureFormat(Array(bytes.prefix(16))) else { throw PictureRefusal.noPicture }
        try await working { folder in
            let (given, file) = ("\(folder)/given", "\(folder)/picture.jpg")
            try await tools.pool.run { try WorkFile.write(bytes, to: given) }
            let box = PixelSize(width: Self.standardWidth, height: Self.standardWidth)
            do {
                try await inTurn {
                    try await tools.reader.tool.redraw(given, format, within: box, into: file, folder: folder)
                }
            } catch let failure as ToolFailure {
                throw failure.words.contains("max pixel count")
                    ? PictureRefusal.tooManyPixels : PictureRefusal.unreadable
            } catch is VerificationFailure {
                throw PictureRefusal.unreadable
            }
            try await storage.blobs.adopt(fileAt: file, as: key)
        }
    }

    // MARK: What is made

    private struct Wish: Sendable {
        var track: Presentation.Track
        var segment: Int
        /// Since the start of the film.
        var milliseconds: Int
        /// Since the start of the segment.
        var seconds: Double
        var size: PixelSize
    }

    /// Nil where there is no film.
    private func wish(for id: EncodingID, at seconds: Double, width: Int?) async throws -> Wish? {
        guard let presentation = try await playback.presentation(id), let best = presentation.video.first,
            case .video(let whole, _) = best.kind, whole.width > 0, whole.height > 0, !best.segmentDurations.isEmpty
        else { return nil }
        let width = min(Self.step(width ?? Self.standardWidth), whole.width)
        let size = PixelSize(
            width: width, height: max(2, Int(clamping: (Double(whole.height) * Double(width) / Double(whole.width)))))
        // The smallest that is large enough, of those that are there.
        let made = presentation.video.filter(\.isComplete)
        let track =
            (made.isEmpty ? presentation.video : made).last { track in
                if case .video(let size, _) = track.kind { size.width >= width } else { false }
            } ?? made.first ?? best
        let last = best.segmentDurations.reduce(MediaTime.zero, +).seconds
        let milliseconds = Int(clamping: (min(max(0, seconds), last) * 1000).rounded(.down))
        let moment = Double(milliseconds) / 1000
        var (start, number) = (0.0, 0)
        for duration in track.segmentDurations.dropLast() {
            guard moment >= start + duration.seconds else { break }
            start += duration.seconds  // bound: floating point
            number += 1  // bound: segments of a presentation
        }
        return Wish(
            track: track, segment: number, milliseconds: milliseconds, seconds: max(0, moment - start), size: size)
    }

    static func step(_ width: Int) -> Int { widths.first { $0 >= width } ?? widths[widths.count - 1] }

    /// What a picture is made of is not there.
    private struct MissingPart: Error {
        var answer: PictureAnswer
    }

    @discardableResult
    private func takeFrame(
        _ wish: Wish, of id: EncodingID, for viewer: UInt64, into file: String, folder: String
    ) async throws -> String {
        let track = wish.track
        let name = track.mended.contains(wish.segment) ? track.mendedName : track.name
        let head = try Self.file(try await playback.initSegment(id, rendition: name, for: viewer))
        let segment = try Self.file(
            try await playback.segment(id, rendition: name, number: wish.segment, for: viewer))
        guard head.byteCount <= Self.mostSegmentBytes, segment.byteCount <= Self.mostSegmentBytes else {
            throw VerificationFailure(description: "the segment is too large")
        }
        let key = try await playback.key(id, rendition: track.name)
        let film = "\(folder)/film.mp4"
        try await inTurn {
            try await tools.pool.run {
                var bytes = try segment.read(0..<segment.byteCount)
                if let key {
                    let vector = SegmentCipher.initializationVector(of: wish.segment)
                    bytes = try AES128CBC.decrypt(key: key, iv: vector, bytes)
                }
                try WorkFile.write(try head.read(0..<head.byteCount) + bytes, to: film)
            }
            try await tools.reader.tool.takeFrame(
                from: film, at: wish.seconds, wish.size, into: file, folder: folder)
        }
        return file
    }

    private static func file(_ answer: SegmentAnswer) throws -> OpenFile {
        switch answer {
        case .file(let file): return file
        case .unavailable(let delay): throw MissingPart(answer: .unavailable(retryAfter: delay))
        case .missing: throw MissingPart(answer: .missing)
        case .failed: throw MissingPart(answer: .failed)
        }
    }

    // MARK: What is kept

    /// - Parameter make: leaves the picture in a file of this folder and answers its path.
    private func find(
        _ picture: PictureName, _ mayMake: () async throws -> Void,
        _ make: @escaping @Sendable (_ folder: String) async throws -> String
    ) async throws -> PictureAnswer {
        if let content = try await kept(picture) { return .picture(content) }
        if making.withLock({ $0[picture] }) == nil { try await mayMake() }
        let task = self.making.withLock { making -> Task<BlobContent?, any Error>? in
            if let task = making[picture] { return task }
            guard making.count < limits.waiting else { return nil }
            // Those who come later have it, too, when this one goes away.
            let task = Task { [self] in
                defer { self.making.withLock { $0[picture] = nil } }
                return try await working { folder in try await keep(picture, try await make(folder)) }
            }
            making[picture] = task
            return task
        }
        guard let task else { return .unavailable(retryAfter: Self.retry) }
        do {
            return try await task.value.map { .picture($0) } ?? .missing
        } catch let part as MissingPart {
            return part.answer
        } catch  where error is ToolFailure || error is VerificationFailure {
            log.warning(
                "a picture could not be made",
                ["video": LogValue(picture.video), "picture": LogValue(picture.name), "error": .error(error)])
            return .failed
        }
    }

    private func kept(_ picture: PictureName) async throws -> BlobContent? {
        guard let key = picture.key, try await queue.database.read({ try PictureStore.has(picture, in: $0) }) else {
            return nil
        }
        return try await storage.blobs.open(key)
    }

    /// The row comes before the blob, so that there is no blob that is not counted.
    private func keep(_ picture: PictureName, _ file: String) async throws -> BlobContent? {
        let byteCount = try await tools.pool.run { try OpenFile(path: file).byteCount }
        guard let key = picture.key,
            try await queue.database.write({ try PictureStore.put(picture, byteCount: byteCount, in: $0) })
        else { return nil }
        try await storage.blobs.adopt(fileAt: file, as: key)
        let isThere = try await queue.database.read { try EncodingStore.outline(picture.video, in: $0) != nil }
        guard isThere else {
            // It was removed meanwhile, with all its files.
            try await VideoFiles.removeMade(of: picture.video, in: storage.blobs)
            return nil
        }
        let content = try await storage.blobs.open(key)
        try await makeRoom(beside: picture)
        return content
    }

    /// The blobs go before their rows: what a crash leaves is removed the next time.
    private func makeRoom(beside picture: PictureName) async throws {
        let surplus = try await queue.database.read { [limits] in
            try PictureStore.surplus(of: picture.video, limits, in: $0)
        }
        let old = surplus.filter { $0 != picture }
        guard !old.isEmpty else { return }
        for key in old.compactMap(\.key) { try await storage.blobs.remove(key) }
        try await queue.database.write { try PictureStore.remove(old, in: $0) }
    }

    /// With a folder that is there as long as `body` takes.
    private func working<Value>(_ body: (_ folder: String) async throws -> Value) async throws -> Value {
        guard let key = VideoFiles.work.appending(name: "\(TaskID())") else { throw CancellationError() }
        try await storage.workspace.requireSpace(2 * MediaTool.Effort.pictureBytes)
        let folder = try await storage.workspace.makeFolder(key)
        let result: Result<Value, any Error>
        do { result = .success(try await body(folder)) } catch { result = .failure(error) }
        try await storage.workspace.removeFolder(key)
        return try result.get()
    }

    private func inTurn(_ body: () async throws -> Void) async throws {
        guard let place = await places.take(on: EventLoop.current ?? tools.loops.next()) else {
            throw CancellationError()
        }
        defer { place.giveBack() }
        try await body()
    }
}
