import CSystem
import Glibc

/// One running child, confined to its loop.
final class RunningChild: @unchecked Sendable {
    // @unchecked: immutable, or confined to `loop`.

    enum StandardInput: Sendable {
        /// All of it, from the start.
        case bytes([UInt8])
        /// What is written to `ChildStreams.input`.
        case stream
    }

    private let configuration: ChildProcess.Configuration
    private let loop: EventLoop
    let streams: ChildStreams
    /// Of the leader, which also names its group; 0 once it is reaped, when the number may name a stranger.
    private(set) var pid: pid_t = 0
    private lazy var exit = PipeEnd(loop: loop) { [unowned self] in ended() }
    private lazy var errors = PipeEnd(loop: loop) { [unowned self] in readErrors() }
    private var errorTail: [UInt8] = []
    private var timer: TimerToken?
    private var forced: ChildProcess.Ending?
    private var ending: ChildProcess.Ending?
    private var waiter: UnsafeContinuation<Void, Never>?

    /// Starts it. On the loop only.
    init(_ configuration: ChildProcess.Configuration, _ input: StandardInput, loop: EventLoop) throws {
        loop.preconditionOnLoop()
        self.configuration = configuration
        self.loop = loop
        streams = ChildStreams(
            input: ChildInput(loop: loop), output: ChildOutput(loop: loop, maxByteCount: configuration.maxOutputBytes))
        do {
            try start(input)
        } catch {
            closeStreams()
            errors.close()
            exit.close()
            reap()
            throw error
        }
        streams.output.exceeded = { [unowned self] in force(.wroteTooMuch) }
        timer = loop.schedule(after: configuration.timeLimit) { [unowned self] in force(.timedOut) }
    }

    private func start(_ input: StandardInput) throws {
        let output = try Self.pipe()
        defer { close(output.write) }
        try streams.output.end.open(output.read)
        let errorPipe = try Self.pipe()
        defer { close(errorPipe.write) }
        try errors.open(errorPipe.read)
        let source = try source(input)
        defer { if let source { close(source) } }
        pid = try ChildSpawn.spawn(configuration, input: source, output: output.write, errors: errorPipe.write)
        let descriptor = pidfd_open(pid, 0)
        guard descriptor >= 0 else { throw SystemError("pidfd_open") }
        try exit.open(descriptor)
    }

    /// Waits until it has ended and is reaped.
    func end() async -> (ending: ChildProcess.Ending, errorTail: [UInt8]) {
        loop.preconditionOnLoop()
        while true {
            if let ending { return (ending, errorTail) }
            await withUnsafeContinuation { continuation in
                if ending != nil { continuation.resume() } else { waiter = continuation }
            }
        }
    }

    /// Kills the whole group. Nothing happens once it has ended.
    func kill() {
        loop.preconditionOnLoop()
        if pid > 0 { Glibc.kill(-pid, SIGKILL) }
    }

    func closeStreams() {
        streams.input.close()
        streams.output.close()
    }

    private func force(_ ending: ChildProcess.Ending) {
        if forced == nil { forced = ending }
        // It may have ended before anybody saw how much it wrote.
        if self.ending != nil { self.ending = forced }
        kill()
    }

    private func readErrors() {
        for _ in 0..<PipeEnd.share {
            guard let bytes = errors.read(), !bytes.isEmpty else { return }
            keepTail(bytes)
        }
        // There may be more, and the edge was told of already.
        loop.execute { [self] in readErrors() }
    }

    private func keepTail(_ bytes: [UInt8]) {
        errorTail.append(contentsOf: bytes)
        let excess = errorTail.count - configuration.keptErrorBytes
        if excess > 0 { errorTail.removeFirst(excess) }
    }

    private func ended() {
        guard exit.isOpen else { return }
        let status = reap()
        timer?.cancel()
        streams.input.close()
        streams.output.keepRest()
        keepTail(errors.readRest())
        errors.close()
        exit.close()
        let signal = status & 0x7F
        let natural: ChildProcess.Ending = signal == 0 ? .exited((status >> 8) & 0xFF) : .signaled(signal)
        ending = forced ?? natural
        waiter.take()?.resume()
    }

    /// Kills what is left of the group and takes the leader's status. Until then the leader is a zombie, so that its number
    /// names this group and no other.
    @discardableResult
    private func reap() -> Int32 {
        guard pid > 0 else { return 0 }
        kill()
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        pid = 0
        return status
    }

    /// What becomes the child's standard input; nil stands for `/dev/null`.
    private func source(_ input: StandardInput) throws -> Int32? {
        switch input {
        case .bytes(let bytes): return bytes.isEmpty ? nil : try Self.file(of: bytes)
        case .stream:
            let pipe = try Self.pipe()
            do {
                try streams.input.end.open(pipe.write, writable: true)
            } catch {
                close(pipe.read)
                throw error
            }
            return pipe.read
        }
    }

    /// A file in memory instead of a pipe: all of it is there before the child starts, so nobody waits for a reader.
    private static func file(of bytes: [UInt8]) throws -> Int32 {
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
