import Glibc
import Testing

@testable import Reactor
@testable import TestSupport

@Suite("Children that are talked to")
struct ChildStreamsTests {
    /// A child that tells its number and stops until it gets `SIGCONT`; then it becomes `program`.
    private static func stopped(_ program: String) -> ChildProcess.Configuration {
        shell("echo $$; kill -STOP $$; exec \(program)")
    }

    /// The number that a child tells first.
    private static func number(of streams: ChildStreams) async throws -> pid_t {
        let line = try await streams.output.next()?.prefix { $0 != UInt8(ascii: "\n") }
        return try #require(pid_t(String(decoding: line ?? [], as: UTF8.self)))
    }

    private static func numberOfStopped(_ streams: ChildStreams) async throws -> pid_t {
        let pid = try await number(of: streams)
        try await eventually("the child stopped") { processState(pid) == "T" }
        return pid
    }

    private static func readAll(_ output: ChildOutput) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try await output.next() { bytes += piece }
        return bytes
    }

    @Test("What is said comes back while more is said, much more than pipes hold")
    func echo() async throws {
        let loop = try EventLoop()
        let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let command = ChildProcess.Configuration(executable: "/bin/cat")
        let (back, result) = try await ChildProcess.talk(to: command, on: loop) { streams in
            async let back = Self.readAll(streams.output)
            for start in stride(from: 0, to: sent.count, by: 700_000) {
                try await streams.input.write(sent[start..<min(start + 700_000, sent.count)])
            }
            streams.input.close()
            return try await back
        }
        #expect(back == sent && result.isSuccess)
        await loop.stop()
    }

    @Test("A child that nobody listens to waits, and so does the writer whom a child does not hear")
    func backPressure() async throws {
        let loop = try EventLoop()
        let script = "echo $$; exec cat /dev/zero"
        let (held, result) = try await ChildProcess.talk(to: shell(script, maxOutputBytes: .max), on: loop) { streams in
            let pid = try await Self.number(of: streams)
            var held = 0
            // Asleep with a full pipe, and nothing of it in this process.
            try await eventually("the pipe is full and the child sleeps") {
                held = streams.output.end.byteCountThere
                return held >= 60 << 10 && processState(pid) == "S"
            }
            return held
        }
        #expect(held <= 64 << 10)
        // When its output was closed.
        #expect(result.ending == .signaled(SIGPIPE))

        let count = Shared(0)
        let (_, second) = try await ChildProcess.talk(to: Self.stopped("wc -c >&2"), on: loop) { streams in
            let pid = try await Self.numberOfStopped(streams)
            let chunk = [UInt8](repeating: 7, count: 1_000)
            async let written: Void = {
                for _ in 0..<1_000 {
                    try await streams.input.write(chunk)
                    count.withLock { $0 += chunk.count }
                }
                streams.input.close()
            }()
            var before = -1
            // Each of these turns is one of the writer's too, unless it waits for the child.
            while count.withLock({ $0 }) != before {
                before = count.withLock { $0 }
                for _ in 0..<100 { await Task.yield() }
            }
            #expect(before > 0 && before <= 64 << 10)
            kill(pid, SIGCONT)
            try await written
        }
        #expect(second.errorTail == Array("1000000\n".utf8))
        await loop.stop()
    }

    @Test("A child that hears no more refuses what is said, and this process goes on")
    func closedByChild() async throws {
        let loop = try EventLoop()
        let command = ChildProcess.Configuration(executable: "/usr/bin/head", arguments: ["-c", "10"])
        let (heard, result) = try await ChildProcess.talk(to: command, on: loop) { streams in
            let chunk = Array("0123456789abcdef".utf8)
            await #expect(throws: ChildStreamError.closed) {
                while true { try await streams.input.write(chunk) }
            }
            await #expect(throws: ChildStreamError.closed) { try await streams.input.write(chunk) }
            return try await Self.readAll(streams.output)
        }
        #expect(heard == Array("0123456789".utf8) && result.isSuccess)
        await loop.stop()
    }

    @Test("Whoever writes or reads beside another is refused, and a cancelled wait ends")
    func oneAtATime() async throws {
        let loop = try EventLoop()
        let (_, result) = try await ChildProcess.talk(to: Self.stopped("wc -c >&2"), on: loop) { streams in
            let pid = try await Self.numberOfStopped(streams)
            let writer = Task(executorPreference: loop) {
                try await streams.input.write([UInt8](repeating: 7, count: 1 << 20))
            }
            let reader = Task(executorPreference: loop) { try await streams.output.next() }
            // In the order in which they were made, each until it waits.
            await Task.yield()
            await #expect(throws: ChildStreamError.busy) { try await streams.input.write([1]) }
            await #expect(throws: ChildStreamError.busy) { try await streams.output.next() }
            writer.cancel()
            reader.cancel()
            await #expect(throws: CancellationError.self) { try await writer.value }
            await #expect(throws: CancellationError.self) { try await reader.value }
            kill(pid, SIGCONT)
        }
        // A pipe full of what the first one wrote.
        #expect(result.errorTail == Array("65536\n".utf8))
        await loop.stop()
    }

    @Test(
        "A conversation that fails ends the child; one that returns early closes both ways", arguments: [true, false])
    func ended(fails: Bool) async throws {
        struct Broken: Error {}
        let loop = try EventLoop()
        let number = Shared<pid_t>(0)
        let talk = {
            try await ChildProcess.talk(to: shell("echo $$; exec cat"), on: loop) { streams in
                let pid = try await Self.number(of: streams)
                number.withLock { $0 = pid }
                if fails { throw Broken() }
            }
        }
        if fails {
            await #expect(throws: Broken.self) { _ = try await talk() }
        } else {
            #expect(try await talk().result.isSuccess)
        }
        let pid = number.withLock { $0 }
        #expect(pid > 0 && processState(pid) == nil)
        await loop.stop()
    }

    @Test("What a child wrote before it ended can be read afterwards; it takes nothing more, and gets no signal")
    func lastWords() async throws {
        let loop = try EventLoop()
        try await Task(executorPreference: loop) {
            let child = try RunningChild(shell("echo last words; exit 3"), .stream, loop: loop)
            #expect(child.pid > 0)
            #expect(await child.end().ending == .exited(3))
            // The number is free for a stranger; to signal 0 would be to signal ourselves.
            #expect(child.pid == 0)
            child.kill()
            #expect(try await child.streams.output.next() == Array("last words\n".utf8))
            #expect(try await child.streams.output.next() == nil)
            await #expect(throws: ChildStreamError.closed) { try await child.streams.input.write([1]) }
            #expect(loop.timerCount == 0)
        }.value
        await loop.stop()
    }
}
