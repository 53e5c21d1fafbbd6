import Media

/// ffmpeg's arguments for the mezzanine: the source, read from its first byte to its last, as H.264 with a keyframe at least
/// every two seconds and AAC without gaps, on a clock that begins at 0.
///
/// Written in fragments, so that what is there when ffmpeg ends early can be used.
struct MezzanineCommand {
    let source: String
    let facts: MediaFacts
    /// The best of the ladder; nil for sound alone.
    let step: LadderStep?
    let hasSound: Bool
    let threads: Int
    let file: String

    static let timescale = 90_000
    private static let keyframeSeconds = 2

    var arguments: [String] {
        var arguments = ["-nostdin", "-y", "-v", "warning", "-threads", "\(threads)", "-max_error_rate", "1"]
        arguments += ["-progress", "pipe:1", "-stats_period", "1"]
        // Threads by frames give up many frames after the first that is damaged.
        arguments += ["-thread_type", "slice"] + MediaTool.input(source, soundStart: facts.soundStart)
        if let video = facts.video, let step {
            arguments += ["-map", "0:\(video.index)", "-vf", picture(video, step).joined(separator: ",")]
            arguments += encoder(video, step)
        }
        for (position, audio) in sounds.enumerated() { arguments += sound(audio, position) }
        return arguments + ["-map_metadata", "-1", "-map_chapters", "-1"] + outputs
    }

    /// The movie in fragments, and beside a picture what its encoder gave.
    private var outputs: [String] {
        guard facts.video != nil else {
            let options = [
                "-movflags", "delay_moov+default_base_moof", "-frag_duration", "\(Self.keyframeSeconds)000000",
            ]
            return options + ["-f", "mp4", "file:\(file)"]
        }
        let options = "movflags=frag_keyframe+delay_moov+default_base_moof:video_track_timescale=\(Self.timescale)"
        let movie = "[f=mp4:\(options)]file:\(MediaTool.teeEscaped(file))"
        let sums = "[f=framecrc:select=v]file:\(MediaTool.teeEscaped(PacketChecksums.path(of: file)))"
        return ["-flags", "+global_header", "-f", "tee", "\(movie)|\(sums)"]
    }

    /// How far ffmpeg is.
    struct Progress: Sendable {
        /// Written pictures.
        var frames = 0
        /// Of the film.
        var seconds = 0.0

        /// Takes what ffmpeg tells: lines of `key=value`. False where that is nothing new.
        mutating func update(_ told: [UInt8]) -> Bool {
            let before = seconds
            for line in String(decoding: told, as: UTF8.self).split(separator: "\n") {
                let parts = line.split(separator: "=", maxSplits: 1)
                guard parts.count == 2, let value = Double(parts[1]), value >= 0 else { continue }
                if parts[0] == "frame" { frames = Int(clamping: value) }
                if parts[0] == "out_time_us" { seconds = value / 1_000_000 }
            }
            return seconds > before
        }
    }

    /// What the file will be.
    var result: MediaFacts {
        let video = step.map { step in
            VideoFacts(
                index: 0, codec: "h264", profile: "High", level: step.level, pixelFormat: "yuv420p", bitDepth: 8,
                width: step.size.width, height: step.size.height, rotation: 0, pixelAspectRatio: nil,
                averageFrameRate: nil, timeBase: Ratio(1, Self.timescale), start: nil, frameCount: nil,
                colorPrimaries: nil, colorTransfer: nil, colorSpace: nil, colorRange: nil, fieldOrder: nil,
                isReordered: true)
        }
        let sounds = sounds.enumerated().map { position, audio in
            let rate = AudioPlan.encodedRate(audio)
            return AudioFacts(
                index: (video == nil ? 0 : 1) + position, codec: "aac", profile: "LC", sampleRate: rate,
                channelCount: min(2, audio.channelCount), label: audio.label, isDefault: position == 0,
                timeBase: Ratio(1, rate), end: nil)
        }
        return MediaFacts(container: "mov,mp4", byteCount: 0, duration: 0, video: video, audio: sounds)
    }

    private var sounds: [AudioFacts] { hasSound ? facts.sounds : [] }

    private func picture(_ video: VideoFacts, _ step: LadderStep) -> [String] {
        // What an edit list hides has times before 0. Most decoders leave it out by themselves; libdav1d does not.
        var filters = facts.isISOMedia ? ["select='not(lt(pts,0))'"] : []
        filters += ["settb=1/\(Self.timescale)", "setpts='\(times(video))'"]
        if step.frameDivisor > 1 { filters.append("select='not(mod(n,\(step.frameDivisor)))'") }
        filters += PictureFilters.preparation(video, size: step.size)
        return filters + [PictureFilters.scaling(video, to: step.size), "setsar=1"]
    }

    /// Each frame has a time of its own, at least a quarter of the usual distance after the one before.
    private func times(_ video: VideoFacts) -> String {
        let rate = min(120, max(1, video.averageFrameRate?.value ?? 25))
        let distance = Int(clamping: Double(Self.timescale) / rate)
        return "if(isnan(PREV_OUTPTS),if(isnan(PTS),0,PTS),"
            + "if(isnan(PTS),PREV_OUTPTS+\(distance),max(PTS,PREV_OUTPTS+\(distance / 4))))"
    }

    private func encoder(_ video: VideoFacts, _ step: LadderStep) -> [String] {
        ["-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-profile:v", "high"]
            + ["-level:v", "\(step.level / 10).\(step.level % 10)", "-maxrate", "\(step.cap)"]
            + ["-bufsize", "\(step.cap * 3 / 2)", "-threads", "\(threads)", "-g", "1000", "-forced-idr", "1"]
            + ["-force_key_frames", "expr:gte(t,n_forced*\(Self.keyframeSeconds))", "-fps_mode", "passthrough"]
            + ["-enc_time_base", "1:\(Self.timescale)"]
            + EncodeCommand.colors(of: video)
    }

    /// Gaps become silence, and the sound begins with the film.
    private func sound(_ audio: AudioFacts, _ position: Int) -> [String] {
        let (rate, layout) = (AudioPlan.encodedRate(audio), audio.channelCount > 1 ? "stereo" : "mono")
        let rates = audio.channelCount > 1 ? "160k" : "96k"
        var arguments = ["-map", "0:\(audio.index)", "-c:a:\(position)", "aac", "-b:a:\(position)", rates]
        arguments += [
            "-filter:a:\(position)", "aresample=\(rate):async=1:min_hard_comp=0.01:first_pts=0:ochl=\(layout):osf=fltp",
        ]
        if let language = audio.label.language.flatMap(LanguageTag.init(_:))?.threeLetters {
            arguments += ["-metadata:s:a:\(position)", "language=\(language)"]
        }
        return arguments
    }
}
