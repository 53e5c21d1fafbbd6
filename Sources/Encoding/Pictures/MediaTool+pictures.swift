import Media

/// What strangers may give as a picture.
public enum PictureFormat: String, Sendable, CaseIterable {
    case jpeg, png, webP

    /// As its first bytes tell; nil for all else.
    public init?(_ head: [UInt8]) {
        if head.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if head.starts(with: Array("RIFF".utf8)), head.dropFirst(8).starts(with: Array("WEBP".utf8)) {
            self = .webP
        } else {
            return nil
        }
    }

    /// The reader of ffmpeg that is taken for it, whatever else might be in the file.
    var demuxer: String {
        switch self {
        case .jpeg: "jpeg_pipe"
        case .png: "png_pipe"
        case .webP: "webp_pipe"
        }
    }
}

extension MediaTool.Effort {
    /// More than any picture takes.
    static let pictureBytes = 64 << 20

    /// One picture that somebody waits for.
    static let picture = MediaTool.Effort(
        timeLimit: .seconds(30), niceness: 5, addressSpaceBytes: 4 << 30, fileBytes: UInt64(pictureBytes))
}

extension MediaTool {
    /// Pixels of a picture that is read.
    static let mostPixels = 50_000_000

    /// The picture that is seen at a moment of a film, counted from its first picture.
    func takeFrame(
        from film: String, at seconds: Double, _ size: PixelSize, into file: String, folder: String
    ) async throws {
        let moment = MediaTime(seconds: seconds, timescale: 1000).decimalSeconds
        let filters = [
            // The last one stays for ever, so that there is one at each moment.
            "setpts=PTS-STARTPTS", "tpad=stop=-1:stop_mode=clone", "fps=1000:start_time=\(moment)", "trim=end_frame=1",
            "scale=\(size.width):\(size.height):flags=bicubic", "setsar=1", "format=yuvj420p",
        ]
        let arguments =
            ["-nostdin", "-y", "-v", "error", "-threads", "1"] + Self.input(film)
            + ["-map", "0:v:0", "-vf", filters.joined(separator: ",")] + Self.jpeg(file)
        _ = try await run(.ffmpeg, arguments, reads: [film], writes: folder, effort: .picture)
        try await verifyPicture(file, size, effort: .picture)
    }

    /// A picture of another size, upright, without what its file tells beside it. What is transparent becomes black.
    ///
    /// - Parameter box: neither side is longer, and none grows.
    /// - Returns: its size.
    @discardableResult
    func redraw(
        _ picture: String, _ format: PictureFormat, within box: PixelSize, into file: String, folder: String
    ) async throws -> PixelSize {
        let filters = [
            "format=gbrap", "premultiply=inplace=1",
            "scale='min(\(box.width),iw)':'min(\(box.height),ih)':force_original_aspect_ratio=decrease:flags=bicubic",
            "setsar=1", "format=yuvj420p",
        ]
        let arguments =
            ["-nostdin", "-y", "-v", "error", "-threads", "1", "-max_pixels", "\(Self.mostPixels)"]
            + ["-protocol_whitelist", "file", "-f", format.demuxer, "-i", "file:\(picture)"]
            + ["-map", "0:v:0", "-vf", filters.joined(separator: ",")] + Self.jpeg(file)
        _ = try await run(.ffmpeg, arguments, reads: [picture], writes: folder, effort: .picture)
        return try await verifyPicture(file, nil, effort: .picture)
    }

    private static func jpeg(_ file: String) -> [String] {
        ["-frames:v", "1", "-q:v", "4", "-map_metadata", "-1", "-f", "mjpeg", "file:\(file)"]
    }

    /// The picture is there, decodes without a complaint, and is as large as was asked for.
    ///
    /// - Returns: its size.
    @discardableResult
    func verifyPicture(_ path: String, _ size: PixelSize?, effort: Effort) async throws -> PixelSize {
        let arguments =
            ["-nostdin", "-v", "error", "-xerror", "-threads", "1", "-protocol_whitelist", "file", "-f", "mjpeg"]
            + ["-i", "file:\(path)", "-f", "framecrc", "-"]
        let result = try await run(.ffmpeg, arguments, reads: [path], effort: effort)
        guard result.words.isEmpty else { throw VerificationFailure(description: result.words) }
        let prefix = "#dimensions 0: "
        let sides =
            String(decoding: result.output, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix(prefix) }?.dropFirst(prefix.count).split(separator: "x").compactMap { Int($0) } ?? []
        guard sides.count == 2 else { throw VerificationFailure(description: "there is no picture") }
        let found = PixelSize(width: sides[0], height: sides[1])
        if let size, size != found {
            throw VerificationFailure(description: "the picture has not \(size.width) x \(size.height) pixels")
        }
        return found
    }
}
