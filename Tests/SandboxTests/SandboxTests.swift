import FoundationEssentials
import Glibc
import Reactor
import Synchronization
import Testing

@testable import Sandbox

@Suite("The sandbox")
struct SandboxTests {
    let cell: Cell

    init() throws { cell = try Cell() }

    @Test("A file that is named can be read, its neighbour and the system's cannot")
    func reading() async throws {
        let allowed = try cell.file("allowed", "hello")
        let secret = try cell.file("secret", "secret")
        let good = try await cell.run("/bin/cat", [allowed], reads: [allowed])
        #expect(good.output == "hello")
        for path in [secret, "/etc/passwd", "/proc/self/environ", "/proc/1/cmdline", "/etc/shadow"] {
            let bad = try await cell.run("/bin/cat", [path], reads: [allowed])
            #expect(bad.ending == .exited(1) && bad.output.isEmpty, "\(path)")
            #expect(bad.errors.contains("Permission denied"), "\(bad.errors)")
        }
    }

    @Test("Files can be made in the work folder and nowhere else")
    func writing() async throws {
        let allowed = try cell.file("allowed", "hello")
        let good = try await cell.run("/bin/cp", [allowed, "\(cell.writable)/copy"], reads: [allowed])
        #expect(good.ending == .exited(0), "\(good.errors)")
        for target in ["\(cell.folder)/copy", "/tmp/palco-must-not-exist", allowed] {
            let bad = try await cell.run("/bin/cp", ["/dev/null", target], reads: [allowed])
            #expect(bad.ending == .exited(1), "\(target)")
        }
        let link = try await cell.run("/bin/ln", ["-s", "/etc/passwd", "\(cell.writable)/link"])
        #expect(link.ending == .exited(1))
        #expect(try Data(contentsOf: URL(filePath: allowed)) == Data("hello".utf8))
    }

    @Test("No socket can be opened, not even to this machine")
    func sockets() async throws {
        let connections = Mutex(0)
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        listener.serve(in: ConnectionSet(try Cell.loops.get())) { _ in connections.withLock { $0 += 1 } }
        defer { listener.stop() }
        let script = "exec 3<>/dev/tcp/127.0.0.1/\(listener.port)"
        let free = try await cell.start("/bin/bash", ["-c", script])
        #expect(free.ending == .exited(0), "the same script connects outside: \(free.errors)")
        let before = connections.withLock { $0 }
        let confined = try await cell.run("/bin/bash", ["-c", script])
        #expect(confined.ending == .exited(1))
        #expect(confined.errors.contains("Function not implemented"), "\(confined.errors)")
        #expect(connections.withLock { $0 } <= max(1, before))
    }

    @Test("No process can be started")
    func processes() async throws {
        let result = try await cell.run("/bin/bash", ["-c", "/bin/echo one; echo two"])
        #expect(!result.output.contains("one"))
        #expect(result.errors.contains("fork"), "\(result.errors)")
    }

    @Test("Processor time, memory and file size are bounded")
    func limits() async throws {
        var limits = SandboxPolicy.Limits()
        limits.cpuSeconds = 1
        let busy = try await cell.run("/bin/bash", ["-c", "while :; do :; done"], limits: limits)
        #expect([.signaled(SIGKILL), .signaled(SIGXCPU)].contains(busy.ending))

        limits = .init(addressSpaceBytes: 256 << 20)
        let large = try await cell.run(
            "/bin/dd", ["if=/dev/zero", "of=\(cell.writable)/a", "bs=1G", "count=1"], limits: limits)
        #expect(large.errors.contains("memory exhausted"), "\(large.errors)")

        limits = .init(fileBytes: 1 << 20)
        let long = try await cell.run(
            "/bin/dd", ["if=/dev/zero", "of=\(cell.writable)/b", "bs=1M", "count=3"], limits: limits)
        #expect(long.ending == .signaled(SIGXFSZ))
    }

    @Test("Nothing of the server's environment is inherited")
    func environment() async throws {
        setenv("PALCO_SECRET_FOR_TEST", "secret", 1)
        let result = try await cell.run("/usr/bin/env", [])
        #expect(result.output == "LC_ALL=C.UTF-8\nMALLOC_ARENA_MAX=4\n")
    }

    @Test("A program whose server is gone does not start")
    func orphan() async throws {
        let result = try await cell.start(cell.sandbox.launcher, ["sandbox", "--parent", "1", "--", "/bin/echo", "hi"])
        #expect(result.ending == .exited(SandboxCommand.parentGone))
        #expect(result.output.isEmpty)
    }

    @Test("A killed server leaves no child behind", .timeLimit(.minutes(1)))
    func diesWithServer() async throws {
        let pipe = "\(cell.folder)/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        // The shell stands for the server: the child is in a session of its own, so only its parent's death ends it.
        let script = """
            setsid \(cell.sandbox.launcher) sandbox --parent $$ -- /bin/sleep 1000 >'\(pipe)' &
            until [[ $(readlink /proc/$!/exe) == */sleep ]]; do :; done
            kill -KILL $$
            """
        let pool = try BlockingPool(name: "fifo", threads: 1)
        async let end = pool.run {
            let descriptor = open(pipe, O_RDONLY)
            defer { close(descriptor) }
            var byte: UInt8 = 0
            return read(descriptor, &byte, 1)
        }
        let server = try await cell.start("/bin/bash", ["-c", script])
        #expect(server.ending == .signaled(SIGKILL))
        // The writing end closes when the child is gone.
        #expect(try await end == 0)
        await pool.shutdown()
    }

    @Test(
        "Wrong usage is told in one line and starts nothing",
        arguments: [
            ["sandbox", "--read"], ["sandbox", "--cpu-seconds", "many", "--", "/bin/echo"], ["sandbox", "--"],
            ["sandbox", "--unknown", "1", "--", "/bin/echo"],
        ])
    func usage(arguments: [String]) async throws {
        let result = try await cell.start(cell.sandbox.launcher, arguments)
        #expect(result.ending == .exited(64) && result.output.isEmpty)
        #expect(result.errors.hasPrefix("palco sandbox: ") && result.errors.split(separator: "\n").count == 1)
    }

    @Test("A policy survives the way through the command line")
    func invocation() throws {
        let policy = SandboxPolicy(
            readable: ["/a b", "--read"], writable: ["/c"],
            limits: .init(cpuSeconds: 1, addressSpaceBytes: 2, fileBytes: 3, openFiles: 4), niceness: 5)
        let invocation = try SandboxInvocation(policy.options(parent: 7) + ["--", "/bin/x", "--", "y"])
        #expect(invocation.policy == policy)
        #expect(invocation.parent == 7)
        #expect(invocation.action == .run(program: "/bin/x", arguments: ["--", "y"]))
    }

    @Test("The report tells what is active on this machine")
    func report() throws {
        let report = try cell.sandbox.report()
        #expect(report.noNewPrivileges && report.limits && report.diesWithServer)
        #expect(report.landlockABI == Landlock.abi)
        #expect(SandboxReport(text: report.text) == report)
        #expect(report.lines.count == 8)
    }
}

@Suite("ffmpeg in the sandbox")
struct ConfinedFFmpegTests {
    let cell: Cell

    init() throws { cell = try Cell() }

    /// Whatever ffmpeg itself would be willing to do: all its protocols and demuxers are allowed here.
    @Test("Playlists reach no other file, even where ffmpeg would open it", arguments: ["concat", "hls"])
    func playlists(demuxer: String) async throws {
        let secret = try cell.file("secret.ts", "")
        let media = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=1"]
        let made = try await cell.start(
            "/usr/bin/ffmpeg", ["-v", "error", "-y"] + media + ["-c:v", "mpeg2video", "-f", "mpegts", secret])
        #expect(made.ending == .exited(0), "\(made.errors)")
        let text =
            demuxer == "concat"
            ? "ffconcat version 1.0\nfile '\(secret)'\n"
            : "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://\(secret)\n#EXT-X-ENDLIST\n"
        let list = try cell.file("list", text)
        let arguments = [
            "-v", "error", "-f", demuxer, "-protocol_whitelist", "file,http,tcp,crypto", "-show_streams",
        ]
        let unsafe = demuxer == "concat" ? ["-safe", "0"] : ["-allowed_extensions", "ALL"]
        let free = try await cell.start("/usr/bin/ffprobe", arguments + unsafe + [list])
        #expect(free.output.contains("mpeg2video"), "outside it is opened: \(free.errors)")
        let confined = try await cell.run("/usr/bin/ffprobe", arguments + unsafe + [list], reads: [list])
        #expect(!confined.output.contains("mpeg2video"))
        #expect(!confined.errors.isEmpty)
    }

    @Test("An address is never connected to")
    func network() async throws {
        let connections = Mutex(0)
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        listener.serve(in: ConnectionSet(try Cell.loops.get())) { _ in connections.withLock { $0 += 1 } }
        defer { listener.stop() }
        for address in ["http", "tcp", "rtmp", "udp", "srt"] {
            let result = try await cell.run(
                "/usr/bin/ffprobe", ["-v", "error", "\(address)://127.0.0.1:\(listener.port)/x"])
            #expect(result.ending != .exited(0), "\(address)")
        }
        #expect(connections.withLock { $0 } == 0)
    }
}
