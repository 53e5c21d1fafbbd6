import Reactor
import Sandbox
import Storage

/// Runs ffmpeg and ffprobe, always confined: they read what strangers uploaded.
struct MediaTool: Sendable {
    enum Program: Sendable {
        case ffmpeg, ffprobe
        /// Palco itself, for `ConfinedWork`.
        case mediaReader
    }

    /// How much of the machine a run may take, and how urgently.
    struct Effort: Sendable {
        var timeLimit: Duration
        var niceness: Int
        var addressSpaceBytes: UInt64 = 8 << 30
        var fileBytes: UInt64 = 2 << 30
        var maxOutputBytes = 16 << 20

        /// Somebody looks at a spinner.
        static let inspection = Effort(timeLimit: .seconds(60), niceness: 5, addressSpaceBytes: 4 << 30, fileBytes: 0)
        static let viewer = Effort(timeLimit: .seconds(300), niceness: 5)
        /// One run over all of a film, which may be a day long.
        static let wholeFilm = Effort(timeLimit: .seconds(48 * 3600), niceness: 5)
        static let background = Effort(timeLimit: .seconds(3600), niceness: 12)
    }

    /// In bytes: a damaged film has a word for each picture until the next keyframe, and the first ones count too.
    private static let keptWords = 256 << 10

    let settings: EncodingSettings
    let sandbox: Sandbox
    let loops: EventLoopGroup

    /// What every input is opened with: local files only, and only containers that name no other files.
    /// - Parameter soundStart: see `MediaFacts`.
    static func input(_ path: String, soundStart: Int? = nil) -> [String] {
        ["-protocol_whitelist", "file", "-format_whitelist", Containers.demuxers]
            + (soundStart.map { ["-f", "mp3", "-skip_initial_bytes", "\($0)"] } ?? []) + ["-i", "file:\(path)"]
    }

    /// A path as the tee muxer reads it: with a backslash before what it would take for its own.
    static func teeEscaped(_ path: String) -> String {
        path.reduce(into: "") { $0 += ["\\", "'", "|"].contains($1) ? "\\\($1)" : "\($1)" }
    }

    /// - Throws: `ToolFailure` unless it ends with 0, `StorageError.noSpace` when that was for want of room;
    ///   `CancellationError` after it was killed.
    func run(
        _ program: Program, _ arguments: [String], reads: [String], writes: String? = nil, effort: Effort
    ) async throws -> ChildProcess.Result {
        let result = try await start(program, arguments, reads: reads, writes: writes, effort: effort)
        guard result.isSuccess else {
            // A full disk is no fault of the file: the task waits until there is room again.
            if result.words.contains("No space left on device") { throw StorageError.noSpace }
            throw ToolFailure(ending: result.ending, words: result.words)
        }
        return result
    }

    /// The same, whatever the end.
    func start(
        _ program: Program, _ arguments: [String], input: [UInt8] = [], reads: [String], writes: String? = nil,
        effort: Effort, onOutput: (@Sendable ([UInt8]) -> Void)? = nil
    ) async throws -> ChildProcess.Result {
        let limits = SandboxPolicy.Limits(
            cpuSeconds: UInt64(effort.timeLimit.components.seconds) * 2 * UInt64(EventLoopGroup.coreCount),
            addressSpaceBytes: effort.addressSpaceBytes, fileBytes: effort.fileBytes)
        let policy = SandboxPolicy(
            readable: reads, writable: writes.map { [$0] } ?? [], limits: limits, niceness: effort.niceness)
        let command = sandbox.command(path(of: program), arguments, policy: policy)
        var configuration = ChildProcess.Configuration(
            executable: command.executable, arguments: command.arguments, timeLimit: effort.timeLimit,
            maxOutputBytes: effort.maxOutputBytes, keptErrorBytes: Self.keptWords)
        // A process that trapped in its cell cannot look for the place, and somebody waits for its end.
        configuration.environment = ["SWIFT_BACKTRACE=enable=no"]
        return try await ChildProcess.run(
            configuration, input: input, on: EventLoop.current ?? loops.next(), onOutput: onOutput)
    }

    private func path(of program: Program) -> String {
        switch program {
        case .ffmpeg: settings.ffmpegPath
        case .ffprobe: settings.ffprobePath
        case .mediaReader: MediaReader.name
        }
    }
}

extension ChildProcess.Result {
    /// The end of standard error as text.
    var words: String { String(decoding: errorTail, as: UTF8.self) }
}

/// ffmpeg or ffprobe did not end well.
struct ToolFailure: Error, CustomStringConvertible {
    var ending: ChildProcess.Ending
    /// Its own last words.
    var words: String

    var description: String {
        let trimmed = words.split(separator: "\n").suffix(8).joined(separator: "\n")
        return trimmed.isEmpty ? "\(ending)" : "\(trimmed)\n(\(ending))"
    }
}
