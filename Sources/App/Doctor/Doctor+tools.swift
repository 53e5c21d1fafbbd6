import Reactor

extension Doctor {
    private static let neededEncoders = ["libx264", "aac", "mjpeg"]
    private static let neededFilters = ["scale", "zscale", "tonemap", "tile"]
    private static let installing = "apt-get install ffmpeg, or set PALCO_FFMPEG and PALCO_FFPROBE to where they are"

    func toolFindings(on loop: EventLoop) async -> [Finding] {
        var findings: [Finding] = []
        for (name, path) in [("ffmpeg", settings.ffmpegPath), ("ffprobe", settings.ffprobePath)] {
            guard let version = await Self.version(of: path, on: loop) else {
                findings.append(.bad(name, "\(path) does not start", mend: Self.installing))
                continue
            }
            findings.append(.good(name, "\(path), version \(version)"))
        }
        guard findings.allSatisfy({ $0.state == .good }) else { return findings }
        findings.append(await listFinding("encoders", wanted: Self.neededEncoders, on: loop))
        findings.append(await listFinding("filters", wanted: Self.neededFilters, on: loop))
        return findings
    }

    private func listFinding(_ name: String, wanted: [String], on loop: EventLoop) async -> Finding {
        let text = await Self.output(of: settings.ffmpegPath, ["-hide_banner", "-\(name)"], on: loop) ?? ""
        let offered = Set(text.split { $0.isNewline || $0 == " " })
        let missing = wanted.filter { !offered.contains(Substring($0)) }
        if missing.isEmpty { return .good(name, wanted.joined(separator: ", ")) }
        return .bad(
            name, "this ffmpeg lacks \(missing.joined(separator: ", "))",
            mend: "install the distribution's full ffmpeg package")
    }

    /// Of ffmpeg or ffprobe; nil where it does not start.
    static func version(of program: String, on loop: EventLoop) async -> String? {
        guard let text = await output(of: program, ["-hide_banner", "-version"], on: loop) else { return nil }
        let words = text.split(separator: " ", maxSplits: 3)
        return words.count > 2 ? String(words[2]) : "unknown"
    }

    private static func output(of program: String, _ arguments: [String], on loop: EventLoop) async -> String? {
        let command = ChildProcess.Configuration(
            executable: program, arguments: arguments, timeLimit: .seconds(20), maxOutputBytes: 1 << 20)
        guard let result = try? await ChildProcess.run(command, on: loop), result.isSuccess else { return nil }
        return String(decoding: result.output, as: UTF8.self)
    }
}
