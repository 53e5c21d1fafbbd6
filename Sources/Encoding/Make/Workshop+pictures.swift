import Media
import SQL
import Storage

extension Workshop {
    private static let thumbnailWidth = 1280

    /// One good-looking frame from the first third of the video; the cover of sound, or its waveform.
    func makeThumbnail(_ job: Job) async throws {
        let folder = try await workFolder(job)
        let file = "\(folder)/thumbnail.jpg"
        if let video = job.facts.video {
            try await takeFrame(of: video, job, folder: folder, into: file)
        } else if let cover = job.record.facts.cover {
            do {
                try await takeCover(cover, job, folder: folder, into: file)
            } catch  where error is ToolFailure || error is VerificationFailure {
                try await drawWaveform(job, folder: folder, into: file)
            }
        } else {
            try await drawWaveform(job, folder: folder, into: file)
        }
        let (id, ledger, task) = (job.task.video, ledger, job.task)
        try await storage.blobs.adopt(fileAt: file, as: VideoFiles.picture(id, .thumbnail))
        try await keepSums(of: [VideoFiles.picture(id, .thumbnail)], id)
        try await database.write { transaction in
            try EncodingStore.setHasThumbnail(id, in: transaction)
            try ledger.record([], of: task, isDone: true, in: transaction)
        }
    }

    private func takeCover(_ cover: CoverFacts, _ job: Job, folder: String, into file: String) async throws {
        let size = Self.thumbnailSize(cover.size)
        try await draw(
            job, from: try await original(job),
            ["-map", "0:\(cover.index)", "-vf", "scale=\(size.width):\(size.height),format=yuvj420p"], size,
            folder: folder, into: file)
    }

    /// How loud it is from its beginning to its end.
    private func drawWaveform(_ job: Job, folder: String, into file: String) async throws {
        let size = PixelSize(width: 640, height: 360)
        let graph =
            "color=c=0x1c1a17:s=\(size.width)x\(size.height):r=1,format=rgb24[ground];"
            + "[0:\(job.facts.mainAudio?.index ?? 0)]aformat=channel_layouts=mono,"
            + "showwavespic=s=\(size.width)x\(size.height):colors=0xf5b640:scale=sqrt[wave];"
            + "[ground][wave]overlay=shortest=1,format=yuvj420p[picture]"
        try await draw(
            job, from: try await source(job), ["-filter_complex", graph, "-map", "[picture]"], size, folder: folder,
            into: file)
    }

    private func draw(
        _ job: Job, from path: String, _ picture: [String], _ size: PixelSize, folder: String, into file: String
    ) async throws {
        let arguments =
            ["-nostdin", "-y", "-v", "error", "-threads", "1"] + MediaTool.input(path) + picture
            + ["-frames:v", "1", "-q:v", "4", "-map_metadata", "-1", "-f", "mjpeg", "file:\(file)"]
        let effort = try await effort(job, writing: [MediaTool.Effort.pictureBytes])
        _ = try await tool.run(.ffmpeg, arguments, reads: [path], writes: folder, effort: effort)
        try await tool.verifyPicture(file, size, effort: job.effort)
    }

    private static func thumbnailSize(_ size: PixelSize) -> PixelSize {
        let width = min(thumbnailWidth, size.width)
        return PixelSize(width: width, height: max(2, size.height * width / max(1, size.width)))
    }

    private func takeFrame(of video: VideoFacts, _ job: Job, folder: String, into file: String) async throws {
        let path = try await source(job)
        // bound: floating point
        let start = (job.record.plan?.source.startSeconds ?? 0) + min(job.facts.duration * 0.1, 60)
        let size = Self.thumbnailSize(video.displaySize)
        var seek: [String] = []
        if job.facts.duration > 2 { seek = ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", decimal(start)] }
        let filters =
            PictureFilters.toneMapping(video)
            + ["thumbnail=24", "scale=\(size.width):\(size.height)", "format=yuvj420p"]
        let arguments =
            ["-nostdin", "-y", "-v", "warning", "-threads", "1"] + seek + MediaTool.input(path)
            + ["-map", "0:\(video.index)", "-vf", filters.joined(separator: ",")]
            + ["-frames:v", "1", "-q:v", "4", "-map_metadata", "-1", "-f", "mjpeg", "file:\(file)"]
        let effort = try await effort(job, writing: [MediaTool.Effort.pictureBytes])
        _ = try await tool.run(.ffmpeg, arguments, reads: [path], writes: folder, effort: effort)
        try await tool.verifyPicture(file, size, effort: job.effort)
    }

    /// The pictures of the seek bar, from keyframes only: reading a long film is enough work.
    func makeStoryboard(_ job: Job) async throws {
        guard let plan = job.record.plan, let video = job.facts.video else { return try await finish(job, []) }
        let folder = try await workFolder(job)
        let path = try await source(job)
        let board = Self.storyboard(plan)
        let interval = max(1, Int(board.interval.ticks(at: 1)))
        let filters =
            ["setpts=PTS-\(plan.source.start)", "fps=1/\(interval):start_time=0:round=near:eof_action=pass"]
            + PictureFilters.toneMapping(video)
            + ["scale=\(board.tileWidth):\(board.tileHeight)", "setsar=1", "format=yuvj420p"]
            + ["tpad=stop=-1:stop_mode=clone", "trim=end_frame=\(board.count)"]
            + ["tile=\(board.columns)x\(board.rows)"]
        let arguments =
            ["-nostdin", "-y", "-v", "error", "-threads", "1", "-copyts", "-skip_frame", "nokey"]
            + MediaTool.input(path) + ["-map", "0:\(video.index)", "-vf", filters.joined(separator: ",")]
            + ["-frames:v", "1", "-q:v", "5", "-map_metadata", "-1", "-f", "mjpeg", "file:\(folder)/storyboard.jpg"]
        let effort = try await effort(job, writing: [MediaTool.Effort.pictureBytes])
        _ = try await tool.run(.ffmpeg, arguments, reads: [path], writes: folder, effort: effort)
        let size = PixelSize(width: board.columns * board.tileWidth, height: board.rows * board.tileHeight)
        try await tool.verifyPicture("\(folder)/storyboard.jpg", size, effort: job.effort)
        let id = job.task.video
        let cues = Array(board.webVTT(imageURI: "storyboard.jpg").utf8)
        try await storage.blobs.write(VideoFiles.picture(id, .storyboardCues), cues)
        try await storage.blobs.adopt(fileAt: "\(folder)/storyboard.jpg", as: VideoFiles.picture(id, .storyboard))
        try await keepSums(of: [.storyboardCues, .storyboard].map { VideoFiles.picture(id, $0) }, id)
        try await finish(job, [])
    }

    static func storyboard(_ plan: EncodingPlan) -> Storyboard {
        let size = plan.steps.first?.size ?? PixelSize(width: 16, height: 9)
        return Storyboard(duration: plan.segments.duration, width: size.width, height: size.height)
    }

    private func decimal(_ seconds: Double) -> String {
        MediaTime(seconds: seconds, timescale: 1_000_000).decimalSeconds
    }
}
