import CSystem
import Glibc

/// A child process: started with an empty environment of its own, in its own process group, watched by its pidfd.
///
/// - Rule: nothing of the child outlives `run`. The whole group is killed when the child ends, when the time is up,
///   when it writes too much and when the caller's task is cancelled; it is always reaped.
public enum ChildProcess {
    public struct Configuration: Sendable {
        /// Path of the program; no search in `PATH`.
        public var executable: String
        public var arguments: [String]
        /// The whole environment of the child, `NAME=value`.
        public var environment: [String]
        /// Killed when it runs longer than this by the monotonic clock.
        public var timeLimit: Duration
        /// Killed when standard output grows past this; what came before is in the result.
        public var maxOutputBytes: Int
        /// So much of the end of standard error is kept.
        public var keptErrorBytes: Int
        public var limits: [ResourceLimit]
        /// Added to the niceness of this process, 0…19.
        public var niceness: Int32

        public init(
            executable: String, arguments: [String] = [], environment: [String] = [],
            timeLimit: Duration = .seconds(60), maxOutputBytes: Int = 16 << 20, keptErrorBytes: Int = 8 << 10,
            limits: [ResourceLimit] = [], niceness: Int32 = 0
        ) {
            self.executable = executable
            self.arguments = arguments
            self.environment = environment
            self.timeLimit = timeLimit
            self.maxOutputBytes = maxOutputBytes
            self.keptErrorBytes = keptErrorBytes
            self.limits = limits
            self.niceness = niceness
        }
    }

    /// A bound that the kernel keeps (setrlimit(2)). It is set right after the start, so a program that must never
    /// run a moment without it sets it itself before `exec`.
    public struct ResourceLimit: Sendable {
        let resource: __rlimit_resource
        let value: UInt64

        public static func cpuSeconds(_ value: UInt64) -> Self { Self(resource: RLIMIT_CPU, value: value) }
        public static func addressSpaceBytes(_ value: UInt64) -> Self { Self(resource: RLIMIT_AS, value: value) }
        public static func fileSizeBytes(_ value: UInt64) -> Self { Self(resource: RLIMIT_FSIZE, value: value) }
        public static func openFiles(_ value: UInt64) -> Self { Self(resource: RLIMIT_NOFILE, value: value) }
    }

    public enum Ending: Sendable, Equatable {
        case exited(Int32)
        case signaled(Int32)
        case timedOut
        case wroteTooMuch
    }

    public struct Result: Sendable {
        public let ending: Ending
        public let output: [UInt8]
        /// The end of standard error.
        public let errorTail: [UInt8]

        public var isSuccess: Bool { ending == .exited(0) }
    }

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - input: what the child reads from its standard input; it need not read any of it.
    ///   - onOutput: gets standard output piece by piece on `loop`, instead of `Result.output`.
    /// - Throws: `SystemError` when it cannot be started; `CancellationError` after the group was killed.
    public static func run(
        _ configuration: Configuration, input: [UInt8] = [], on loop: EventLoop,
        onOutput: (@Sendable ([UInt8]) -> Void)? = nil
    ) async throws -> Result {
        let (output, result) = try await run(configuration, .bytes(input), on: loop) { streams in
            var collected: [UInt8] = []
            while let piece = try await streams.output.next() {
                if let onOutput { onOutput(piece) } else { collected += piece }
            }
            return collected
        }
        return Result(ending: result.ending, output: output, errorTail: result.errorTail)
    }

    /// Runs a program and talks to it while it works.
    ///
    /// Both sides wait for each other: `ChildInput.write` for a child that reads slowly, the child for a `conversation` that
    /// does not ask for its output. So nothing is held beyond what the pipes hold and what is in the caller's hands.
    ///
    /// - Parameter conversation: runs on `loop`. When it returns, both streams are closed, and the child is waited for as
    ///   long as its time lasts; when it throws, the child is killed. A child that ends by itself ends the output, and
    ///   refuses further input.
    /// - Returns: what the conversation gave, and how the child ended. `Result.output` is empty.
    /// - Throws: `SystemError` when it cannot be started; what the conversation throws; `CancellationError` after the group
    ///   was killed.
    public static func talk<Value: Sendable>(
        to configuration: Configuration, on loop: EventLoop,
        _ conversation: @Sendable (ChildStreams) async throws -> Value
    ) async throws -> (value: Value, result: Result) {
        try await run(configuration, .stream, on: loop, conversation)
    }

    @concurrent
    private static func run<Value: Sendable>(
        _ configuration: Configuration, _ input: RunningChild.StandardInput, on loop: EventLoop,
        _ conversation: @Sendable (ChildStreams) async throws -> Value
    ) async throws -> (value: Value, result: Result) {
        try Task.checkCancellation()
        return try await withTaskExecutorPreference(loop) {
            let child = try RunningChild(configuration, input, loop: loop)
            return try await withTaskCancellationHandler {
                let outcome: Swift.Result<Value, any Error>
                do {
                    outcome = .success(try await conversation(child.streams))
                } catch {
                    outcome = .failure(error)
                    child.kill()
                }
                child.closeStreams()
                let (ending, errorTail) = await child.end()
                try Task.checkCancellation()
                return (try outcome.get(), Result(ending: ending, output: [], errorTail: errorTail))
            } onCancel: {
                loop.execute { child.kill() }
            }
        }
    }
}
