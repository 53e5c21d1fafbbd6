import FoundationEssentials
import Glibc
import Testing

@testable import Reactor
@testable import TestSupport

@Suite("Child processes")
struct ChildProcessTests {
    @Test("Output, the end of the errors and the exit status come back")
    func results() async throws {
        let loop = try EventLoop()
        let result = try await ChildProcess.run(
            shell("echo out; echo 0123456789 and the end >&2; env; exit 3"), on: loop)
        #expect(result.ending == .exited(3))
        let output = String(decoding: result.output, as: UTF8.self)
        #expect(output.hasPrefix("out\n"))
        #expect(!output.contains("HOME="))
        #expect(String(decoding: result.errorTail, as: UTF8.self) == "789 and the end\n")
        await loop.stop()
    }

    @Test("A child that writes without end is killed at the bound")
    func boundedOutput() async throws {
        let loop = try EventLoop()
        let result = try await ChildProcess.run(shell("cat /dev/zero", maxOutputBytes: 100_000), on: loop)
        #expect(result.ending == .wroteTooMuch)
        #expect(result.output.count <= 100_000)
        // One that has ended by itself when that is seen has written too much all the same.
        try await Task(executorPreference: loop) {
            let child = try RunningChild(shell("head -c 50000 /dev/zero", maxOutputBytes: 100), .bytes([]), loop: loop)
            #expect(await child.end().ending == .exited(0))
            #expect(try await child.streams.output.next() == nil)
            #expect(await child.end().ending == .wroteTooMuch)
        }.value
        await loop.stop()
    }

    @Test("When the time is up the whole group dies, grandchildren included")
    func timeLimit() async throws {
        let loop = try EventLoop()
        let result = try await ChildProcess.run(
            shell("sleep 1000 & echo $!; wait", timeLimit: .milliseconds(300)), on: loop)
        #expect(result.ending == .timedOut)
        let text = String(decoding: result.output, as: UTF8.self)
        let grandchild = try #require(pid_t(text.prefix { $0 != "\n" }))
        // An orphan that was killed stays a zombie until its new parent reaps it.
        try await eventually("the grandchild is gone") { [nil, "Z"].contains(processState(grandchild)) }
        await loop.stop()
    }

    @Test("Cancelling the caller kills the child, and no zombie is left")
    func cancellation() async throws {
        let loop = try EventLoop()
        let configuration = shell("echo $$; exec sleep 1000")
        let (output, written) = AsyncStream.makeStream(of: [UInt8].self)
        let task = Task { try await ChildProcess.run(configuration, on: loop) { written.yield($0) } }
        var pieces = output.makeAsyncIterator()
        let number = try #require(await pieces.next()).prefix { $0 != UInt8(ascii: "\n") }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(processState(try #require(pid_t(String(decoding: number, as: UTF8.self)))) == nil)
        await loop.stop()
    }

    @Test("Standard input is all there at the start, also more than a pipe would hold")
    func input() async throws {
        let loop = try EventLoop()
        let configuration = shell("cat | wc -c")
        let result = try await ChildProcess.run(
            configuration, input: [UInt8](repeating: 7, count: 300_000), on: loop)
        #expect(String(decoding: result.output, as: UTF8.self) == "300000\n")
        #expect(try await ChildProcess.run(configuration, on: loop).output == Array("0\n".utf8))
        await loop.stop()
    }

    @Test("A child that never stops writing leaves the loop its turns")
    func chattyChild() async throws {
        let loop = try EventLoop()
        let configuration = shell("cat /dev/zero", timeLimit: .seconds(3600), maxOutputBytes: .max)
        let (output, written) = AsyncStream.makeStream(of: Void.self)
        let child = Task { try await ChildProcess.run(configuration, on: loop) { _ in written.yield() } }
        for await _ in output { break }
        // Without a share these would wait until the child is killed, which only they can do.
        for _ in 0..<20 { await withUnsafeContinuation { turn in loop.execute { turn.resume() } } }
        child.cancel()
        await #expect(throws: CancellationError.self) { try await child.value }
        await loop.stop()
    }

    @Test("A program that is not there is a clear error")
    func missingProgram() async throws {
        let loop = try EventLoop()
        let missing = ChildProcess.Configuration(executable: "/nonexistent/program")
        await #expect(throws: SystemError("posix_spawn", code: ENOENT)) {
            try await ChildProcess.run(missing, on: loop)
        }
        await loop.stop()
    }

    @Test("Limits hold: a file cannot grow past its bound")
    func limits() async throws {
        let loop = try EventLoop()
        let path = "/tmp/palco-limit-\(getpid())"
        defer { unlink(path) }
        // The limit of 8 blocks of 512 bytes is set right after the start.
        var configuration = shell("until [ \"$(ulimit -f)\" = 8 ]; do :; done; head -c 100000 /dev/zero > \(path)")
        configuration.limits = [.fileSizeBytes(4096)]
        let result = try await ChildProcess.run(configuration, on: loop)
        #expect(!result.isSuccess)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_size == 4096)
        await loop.stop()
    }

    @Test("What a process writes that left the child's group is no more waited for than the process itself")
    func escaped() async throws {
        let loop = try EventLoop()
        // It has left when it writes, and goes on until nobody reads.
        let script = "(setsid sh -c 'yes; yes >&2' &) ; read line; echo $line >&2"
        let result = try await ChildProcess.talk(to: shell(script, maxOutputBytes: .max), on: loop) { streams in
            let first = try await streams.output.next()
            try await streams.input.write(Array("enough\n".utf8))
            while try await streams.output.next() != nil {}
            return first
        }
        #expect(result.value?.starts(with: Array("y\ny\n".utf8)) == true)
        #expect(result.result.ending == .exited(0))
        await loop.stop()
    }

    @Test("Many children at once all end and leave no descriptor and no zombie")
    func many() async {
        // In a process of its own: what other suites hold open must not count, in either direction.
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let before = childDescriptors()
            // Both streams, the errors, and what tells of the end.
            let (during, _) = try await ChildProcess.talk(to: shell("cat"), on: loop) { _ in childDescriptors() }
            #expect(during == before + 4)
            let count = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<40 {
                    group.addTask { try await ChildProcess.run(shell("echo x"), on: loop).output == Array("x\n".utf8) }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(count == 40)
            #expect(childDescriptors() == before)
            #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD)
            await loop.stop()
        }
    }
}

/// How many descriptors are open of the kinds that a child needs. The runtime opens others when it likes.
private func childDescriptors() -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return names.count { name in
        let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")) ?? ""
        return ["pipe:", "pidfd", "memfd:"].contains { target.contains($0) }
    }
}
