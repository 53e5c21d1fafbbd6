/// The parts of an input of `PlanFuzz`.
struct PlanInput {
    private(set) var movie: [UInt8] = []
    private var facts = Numbers([])
    private var packets = Numbers([])

    /// Takes the two boxes out and leaves the rest of the file together.
    init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while rest.count >= 8 {
            let size = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard size >= 8, size <= rest.count else { break }
            let body = Array(rest.prefix(size).dropFirst(8))
            switch String(decoding: rest.dropFirst(4).prefix(4), as: UTF8.self) {
            case "fact": facts = Numbers(body)
            case "pkts": packets = Numbers(body)
            default: movie += rest.prefix(size)
            }
            rest = rest.dropFirst(size)
        }
        movie += rest
    }

    /// `-of csv=p=0` of packets: stream, presentation time, decode time, duration, flags.
    var packetList: String {
        var numbers = packets
        var text = ""
        while !numbers.isEmpty {
            let (shown, decoded, duration) = (numbers.next(), numbers.next(), numbers.next())
            let flags = numbers.next()
            let times = [
                flags & 96 == 96 ? "1" : "0", flags & 8 == 0 ? "\(shown)" : "N/A",
                flags & 16 == 0 ? "\(decoded)" : "N/A", "\(duration)",
            ]
            text +=
                times.joined(separator: ",") + "," + (flags & 1 == 1 ? "K" : "_") + (flags & 2 == 2 ? "D" : "_") + "\n"
        }
        return text
    }

    /// The JSON of `ffprobe -show_format -show_streams`.
    var report: String {
        var numbers = facts
        let containers = ["mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts"]
        let container = containers[Int(numbers.next().magnitude % 3)]
        let duration = Double(bitPattern: UInt64(bitPattern: numbers.next()))
        let (width, height) = (numbers.next(), numbers.next())
        let (base, ticks, start) = (numbers.next(), numbers.next(), numbers.next())
        let (frames, seconds) = (numbers.next(), numbers.next())
        let (horizontal, vertical) = (numbers.next(), numbers.next())
        let kind = numbers.next()
        let (count, bits, level) = (numbers.next(), numbers.next(), numbers.next())
        let angle = Double(bitPattern: UInt64(bitPattern: numbers.next()))
        let video = """
            {"index": \(kind & 1), "codec_type": "video", "codec_name": "\(kind & 2 == 0 ? "h264" : "hevc")",
            "profile": "High", "level": \(level), "pix_fmt": "\(kind & 4 == 0 ? "yuv420p" : "yuv420p10le")",
            "bits_per_raw_sample": "\(bits)", "width": \(width), "height": \(height),
            "sample_aspect_ratio": "\(horizontal):\(vertical)", "avg_frame_rate": "\(frames)/\(seconds)",
            "r_frame_rate": "\(frames)/\(seconds)", "time_base": "\(base)/\(ticks)",
            "start_pts": \(kind & 8 == 0 ? "\(start)" : "null"), "nb_frames": "\(count)",
            "color_transfer": "\(kind & 16 == 0 ? "bt709" : "smpte2084")", "field_order": "\(kind & 32 == 0 ? "progressive" : "tt")",
            "side_data_list": [{"rotation": \(angle.isFinite ? angle : 0)}]}
            """
        let audio = """
            {"index": \(1 - (kind & 1)), "codec_type": "audio", "codec_name": "aac", "sample_rate": "\(numbers.next())",
            "channels": \(numbers.next()), "time_base": "\(numbers.next())/\(numbers.next())"}
            """
        let streams = kind & 64 == 0 ? "\(video), \(audio)" : video
        return """
            {"format": {"format_name": "\(container)", "duration": "\(duration)"}, "streams": [\(streams)]}
            """
    }
}

/// Numbers of eight bytes, big-endian; 0 behind the last.
struct Numbers {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isEmpty: Bool { rest.isEmpty }

    mutating func next() -> Int64 {
        let value = rest.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        rest = rest.dropFirst(8)
        return value
    }
}
