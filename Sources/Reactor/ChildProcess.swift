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
        /// What the child reads from its standard input; it need not read any of it.
        public var input: [UInt8] = []
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
    /// - Parameter onOutput: gets standard output piece by piece on `loop`, instead of `Result.output`.
    /// - Throws: `SystemError` when it cannot be started; `CancellationError` after the group was killed.
    public static func run(
        _ configuration: Configuration, on loop: EventLoop, onOutput: (@Sendable ([UInt8]) -> Void)? = nil
    ) async throws -> Result {
        try Task.checkCancellation()
        let run = ChildProcessRun(configuration, loop: loop, onOutput: onOutput)
        let result = try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                loop.execute { run.start(continuation) }
            }
        } onCancel: {
            loop.execute { run.kill() }
        }
        try Task.checkCancellation()
        return result
    }
}

/// One running child, confined to its loop.
private final class ChildProcessRun: @unchecked Sendable {
    // @unchecked: immutable, or confined to `loop`.

    private let configuration: ChildProcess.Configuration
    private let loop: EventLoop
    private let onOutput: (@Sendable ([UInt8]) -> Void)?
    private var continuation: UnsafeContinuation<ChildProcess.Result, any Error>?
    private var pid: pid_t = 0
    private var exit: PipeEnd?
    private var output: PipeEnd?
    private var errors: PipeEnd?
    private var timer: TimerToken?
    private var collected: [UInt8] = []
    private var outputCount = 0
    private var errorTail: [UInt8] = []
    private var forced: ChildProcess.Ending?
    private var wasKilled = false

    init(_ configuration: ChildProcess.Configuration, loop: EventLoop, onOutput: (@Sendable ([UInt8]) -> Void)?) {
        self.configuration = configuration
        self.loop = loop
        self.onOutput = onOutput
    }

    func start(_ continuation: UnsafeContinuation<ChildProcess.Result, any Error>) {
        guard !wasKilled else { return continuation.resume(throwing: CancellationError()) }
        do {
            let (outputRead, outputWrite) = try Self.pipe()
            output = try PipeEnd(outputRead, loop: loop) { [unowned self] in receive($0) }
            defer { close(outputWrite) }
            let (errorRead, errorWrite) = try Self.pipe()
            errors = try PipeEnd(errorRead, loop: loop) { [unowned self] in keepTail($0) }
            defer { close(errorWrite) }
            let input = try Self.input(configuration.input)
            defer { if let input { close(input) } }
            pid = try ChildSpawn.spawn(configuration, input: input, output: outputWrite, errors: errorWrite)
            self.continuation = continuation
            let exitDescriptor = pidfd_open(pid, 0)
            guard exitDescriptor >= 0 else { throw SystemError("pidfd_open") }
            exit = try PipeEnd(exitDescriptor, loop: loop, onReady: { [unowned self] in childEnded() })
            timer = loop.schedule(after: configuration.timeLimit) { [unowned self] in force(.timedOut) }
        } catch {
            output?.close()
            errors?.close()
            exit?.close()
            if pid > 0 {
                killGroup()
                waitpid(pid, nil, 0)
                pid = 0
            }
            self.continuation = nil
            continuation.resume(throwing: error)
        }
    }

    func kill() {
        wasKilled = true
        if continuation != nil { killGroup() }
    }

    private func force(_ ending: ChildProcess.Ending) {
        if forced == nil { forced = ending }
        killGroup()
    }

    private func killGroup() {
        if pid > 0 { Glibc.kill(-pid, SIGKILL) }
    }

    private func receive(_ bytes: [UInt8]) {
        outputCount += bytes.count
        if outputCount > configuration.maxOutputBytes { return force(.wroteTooMuch) }
        if let onOutput { onOutput(bytes) } else { collected.append(contentsOf: bytes) }
    }

    private func keepTail(_ bytes: [UInt8]) {
        errorTail.append(contentsOf: bytes)
        let excess = errorTail.count - configuration.keptErrorBytes
        if excess > 0 { errorTail.removeFirst(excess) }
    }

    private func childEnded() {
        // The leader is a zombie until it is reaped, so its number still names this group and no other.
        killGroup()
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        // From here on the number may name a stranger.
        pid = 0
        timer?.cancel()
        // What the group wrote before it was killed is in the pipes; all their writers are gone or going.
        output?.drainAndClose()
        errors?.drainAndClose()
        exit?.close()
        let signal = status & 0x7F
        let natural: ChildProcess.Ending = signal == 0 ? .exited((status >> 8) & 0xFF) : .signaled(signal)
        let result = ChildProcess.Result(ending: forced ?? natural, output: collected, errorTail: errorTail)
        let continuation = continuation
        self.continuation = nil
        continuation?.resume(returning: result)
    }

    /// A file in memory instead of a pipe: all of it is there before the child starts, so nobody waits for a reader.
    private static func input(_ bytes: [UInt8]) throws -> Int32? {
        guard !bytes.isEmpty else { return nil }
        let descriptor = memfd_create("input", csystem_mfd_cloexec)
        guard descriptor >= 0 else { throw SystemError("memfd_create") }
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
            if count > 0 {
                offset += count
            } else if errno != EINTR {
                let error = SystemError("pwrite")
                close(descriptor)
                throw error
            }
        }
        return descriptor
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw SystemError("pipe2") }
        return (ends[0], ends[1])
    }
}

/// The reading end of a pipe (or a pidfd) on a loop, confined to it.
private final class PipeEnd: DescriptorHandler, @unchecked Sendable {
    // @unchecked: immutable, or confined to `loop`.

    private let descriptor: Int32
    private let loop: EventLoop
    private let onBytes: (([UInt8]) -> Void)?
    private let onReady: (() -> Void)?
    private var token: WatchToken?

    convenience init(_ descriptor: Int32, loop: EventLoop, onBytes: @escaping ([UInt8]) -> Void) throws {
        try self.init(descriptor, loop: loop, onBytes: onBytes, onReady: nil)
    }

    convenience init(_ descriptor: Int32, loop: EventLoop, onReady: @escaping () -> Void) throws {
        try self.init(descriptor, loop: loop, onBytes: nil, onReady: onReady)
    }

    private init(
        _ descriptor: Int32, loop: EventLoop, onBytes: (([UInt8]) -> Void)?, onReady: (() -> Void)?
    ) throws {
        self.descriptor = descriptor
        self.loop = loop
        self.onBytes = onBytes
        self.onReady = onReady
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        do {
            token = try loop.watch(descriptor, readable: true, writable: false, handler: self)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    /// After so many pieces in a row the other work of the loop gets its turn.
    private static let share = 8

    func descriptorBecameReady(_ readiness: Readiness) {
        if let onReady { return onReady() }
        readShare()
    }

    private func readShare() {
        for _ in 0..<Self.share where !readOnce() { return }
        // There may be more, and the edge was told of already.
        loop.execute { [self] in readShare() }
    }

    private func readOnce() -> Bool {
        guard token != nil else { return false }
        let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
            count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
        }
        if bytes.isEmpty { return false }
        onBytes?(bytes)
        return true
    }

    func drainAndClose() {
        while readOnce() {}
        close()
    }

    func close() {
        guard let token else { return }
        self.token = nil
        loop.unwatch(token, descriptor: descriptor)
        Glibc.close(descriptor)
    }
}
