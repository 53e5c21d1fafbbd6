import FoundationEssentials
import Reactor

/// What ffmpeg sees in a file, independently of what was built here.
struct Frames {
    let studio: Studio

    /// One hash for each decoded frame, in order of display, with exact times left out.
    func hashes(_ path: String, _ stream: String = "v:0") async throws -> [Substring] {
        let text = try await studio.ffmpeg(
            ["-i", path, "-map", "0:\(stream)", "-fps_mode", "passthrough", "-f", "framehash", "-hash", "md5", "-"])
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap {
            $0.split(separator: ",").last.map { $0.drop { $0 == " " } }
        }
    }

    /// How many frames come out of a file that need not be whole.
    func count(ofBroken path: String) async throws -> Int {
        let text = try await studio.tool(
            "/bin/sh",
            [
                "-c",
                "/usr/bin/ffmpeg -nostdin -v error -max_error_rate 1 -i '\(path)' -map 0:v:0 -fps_mode passthrough "
                    + "-enc_time_base -1 -f framecrc - 2>/dev/null || true",
            ])
        return text.split(separator: "\n").count { !$0.hasPrefix("#") }
    }

    /// When each frame is shown, in microseconds from the first.
    func times(_ path: String, _ stream: String = "v:0") async throws -> [Int] {
        let text = try await studio.tool(
            "/usr/bin/ffprobe",
            [
                "-v", "error", "-select_streams", stream, "-show_entries", "frame=best_effort_timestamp_time", "-of",
                "csv=p=0", path,
            ])
        let times = text.split(whereSeparator: { $0 == "\n" || $0 == "," }).compactMap { Double($0) }
        return times.map { Int((($0 - (times.first ?? 0)) * 1_000_000).rounded()) }
    }

    /// Average over all frames, in dB; `filters` brings the source to the rendition's size and format.
    func psnr(_ path: String, source: String, filters: String = "null") async throws -> Double {
        let text = try await studio.tool(
            "/bin/sh",
            [
                "-c",
                "/usr/bin/ffmpeg -nostdin -v info -i '\(path)' -i '\(source)' -lavfi "
                    + "'[1:v]\(filters),format=yuv420p,settb=1/1000000,setpts=N*1000[b];[0:v]settb=1/1000000,setpts=N*1000[a];[a][b]psnr' "
                    + "-f null - 2>&1",
            ])
        guard let average = text.split(separator: "average:").dropFirst().last,
            let value = Double(average.prefix { $0 != " " })
        else { throw Studio.Failure(description: text) }
        return value
    }

    /// How many pictures show two moments at once, a line of each in turn.
    func combed(_ path: String) async throws -> Int {
        let text = try await studio.tool(
            "/bin/sh", ["-c", "/usr/bin/ffmpeg -nostdin -v info -i '\(path)' -vf idet -f null - 2>&1"])
        let counts = text.split(separator: "Multi frame detection:").last?.split(whereSeparator: \.isWhitespace) ?? []
        guard counts.count >= 4, counts[0] == "TFF:", counts[2] == "BFF:", let top = Int(counts[1]),
            let bottom = Int(counts[3])
        else { throw Studio.Failure(description: text) }
        return top + bottom
    }

    /// Decoded sound, 16 bits, one channel.
    func samples(_ path: String, rate: Int = 48_000) async throws -> [Int16] {
        let file = "\(studio.folder)/\(UInt32.random(in: 0 ... .max)).raw"
        try await studio.ffmpeg(["-i", path, "-map", "0:a:0", "-ac", "1", "-ar", "\(rate)", "-f", "s16le", file])
        let bytes = try [UInt8](contentsOf: file)
        return stride(from: 0, to: bytes.count - 1, by: 2).map {
            Int16(truncatingIfNeeded: Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8)
        }
    }
}

extension [UInt8] {
    init(contentsOf path: String) throws {
        let file = try OpenFile(path: path)
        self = try file.read(0..<file.byteCount)
    }
}
