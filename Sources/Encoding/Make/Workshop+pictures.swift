import Media
import SQL
import Storage

extension Workshop {
    private static let thumbnailWidth = 1280
    /// More than any picture takes.
    private static let pictureBytes = 64 << 20

    /// One good-looking frame from the first third of the video.
    func makeThumbnail(_ job: Job) async throws {
        let folder = try await workFolder(job)
        let path = source(job)
        // bound: floating point
        let start = (job.record.plan?.source.startSeconds ?? 0) + min(job.facts.duration * 0.1, 60)
        let size = job.facts.video.displaySize
        let width = min(Self.thumbnailWidth, size.width)
        let height = max(2, size.height * width / max(1, size.width))
        var seek: [String] = []
        if job.facts.duration > 2 { seek = ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", decimal(start)] }
        let filters =
            PictureFilters.toneMapping(job.facts.video)
            + ["thumbnail=24", "scale=\(width):\(height)", "format=yuvj420p"]
        let arguments =
            ["-nostdin", "-y", "-v", "warning", "-threads", "1"] + seek + MediaTool.input(path)
            + ["-map", "0:\(job.facts.video.index)", "-vf", filters.joined(separator: ",")]
            + ["-frames:v", "1", "-q:v", "4", "-map_metadata", "-1", "-f", "mjpeg", "file:\(folder)/thumbnail.jpg"]
        let effort = try await effort(job, writing: [Self.pictureBytes])
        _ = try await tool.run(.ffmpeg, arguments, reads: [path], writes: folder, effort: effort)
        try await verifyPicture(
            "\(folder)/thumbnail.jpg", PixelSize(width: width, height: height), effort: job.effort)
        try await storage.adopt(
            fileAt: "\(folder)/thumbnail.jpg", as: VideoFiles.picture(job.task.video, .thumbnail))
        try await finish(job, [])
    }

    /// The pictures of the seek bar, from keyframes only: reading a long film is enough work.
    func makeStoryboard(_ job: Job) async throws {
        guard let plan = job.record.plan else { return try await finish(job, []) }
        let folder = try await workFolder(job)
        let path = source(job)
        let board = Self.storyboard(plan)
        let interval = max(1, Int(board.interval.ticks(at: 1)))
        let filters =
            ["setpts=PTS-\(plan.source.start)", "fps=1/\(interval):start_time=0:round=near:eof_action=pass"]
            + PictureFilters.toneMapping(job.facts.video)
            + ["scale=\(board.tileWidth):\(board.tileHeight)", "setsar=1", "format=yuvj420p"]
            + ["tpad=stop=-1:stop_mode=clone", "trim=end_frame=\(board.count)"]
            + ["tile=\(board.columns)x\(board.rows)"]
        let arguments =
            ["-nostdin", "-y", "-v", "error", "-threads", "1", "-copyts", "-skip_frame", "nokey"]
            + MediaTool.input(path) + ["-map", "0:\(job.facts.video.index)", "-vf", filters.joined(separator: ",")]
            + ["-frames:v", "1", "-q:v", "5", "-map_metadata", "-1", "-f", "mjpeg", "file:\(folder)/storyboard.jpg"]
        let effort = try await effort(job, writing: [Self.pictureBytes])
        _ = try await tool.run(.ffmpeg, arguments, reads: [path], writes: folder, effort: effort)
        let size = PixelSize(width: board.columns * board.tileWidth, height: board.rows * board.tileHeight)
        try await verifyPicture("\(folder)/storyboard.jpg", size, effort: job.effort)
        let id = job.task.video
        let cues = Array(board.webVTT(imageURI: "storyboard.jpg").utf8)
        try await storage.write(VideoFiles.picture(id, .storyboardCues), cues)
        try await storage.adopt(fileAt: "\(folder)/storyboard.jpg", as: VideoFiles.picture(id, .storyboard))
        try await finish(job, [])
    }

    /// The picture is there, decodes without a complaint, and is as large as was asked for.
    private func verifyPicture(_ path: String, _ size: PixelSize, effort: MediaTool.Effort) async throws {
        let arguments =
            ["-nostdin", "-v", "error", "-xerror", "-threads", "1", "-protocol_whitelist", "file", "-f", "mjpeg"]
            + ["-i", "file:\(path)", "-f", "framecrc", "-"]
        let result = try await tool.run(.ffmpeg, arguments, reads: [path], effort: effort)
        guard result.words.isEmpty else { throw VerificationFailure(description: result.words) }
        let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
        guard lines.contains("#dimensions 0: \(size.width)x\(size.height)") else {
            throw VerificationFailure(description: "the picture has not \(size.width) x \(size.height) pixels")
        }
    }

    static func storyboard(_ plan: EncodingPlan) -> Storyboard {
        let size = plan.steps.first?.size ?? PixelSize(width: 16, height: 9)
        return Storyboard(duration: plan.segments.duration, width: size.width, height: size.height)
    }

    private func decimal(_ seconds: Double) -> String {
        MediaTime(seconds: seconds, timescale: 1_000_000).decimalSeconds
    }
}
