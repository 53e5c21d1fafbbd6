import FoundationEssentials
import Glibc
import Reactor
import Sandbox
import Testing

@testable import Encoding

/// The sandbox as the server uses it: what `MediaTool` starts is a program that tries everything.
@Suite("Tools that strangers took over")
struct ConfinementTests {
    /// `Tests/Intruder`, which is built beside `palco`.
    private static func intruder() throws -> (program: String, sandbox: Sandbox) {
        let sandbox = try Sandbox()
        let folder = sandbox.launcher.dropLast("palco".count)
        return (folder + "Intruder", sandbox)
    }

    private static func settings() throws -> EncodingSettings {
        var settings = EncodingSettings()
        settings.ffmpegPath = try intruder().program
        settings.ffprobePath = try intruder().program
        return settings
    }

    /// A folder for the tool, and beside it the things that it must not touch.
    private struct Site {
        let folder: String
        let inside: String
        let outside: String

        init(_ studio: Studio, _ name: String) throws {
            folder = "\(studio.folder)/\(name)"
            inside = folder + "/inside"
            outside = folder + "/outside"
            try FileManager.default.createDirectory(atPath: inside, withIntermediateDirectories: true)
            try Data("secret".utf8).write(to: URL(filePath: outside))
            chmod(outside, 0o600)
        }

        func arguments(_ doors: Doors) -> [String] {
            [
                "victim=\(getpid())", "tcp=\(doors.tcpPort)", "udp=\(doors.udpPort)", "unix=\(doors.path)",
                "outside=\(outside)", "folder=\(folder)", "inside=\(inside)",
            ]
        }
    }

    /// `name answer` lines; `exec done` comes from the program that it became.
    private static func outcomes(_ output: [UInt8]) -> [String: String] {
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        return lines.reduce(into: [:]) { outcomes, line in
            guard let space = line.lastIndex(of: " ") else { return }
            outcomes[String(line[..<space])] = String(line[line.index(after: space)...])
        }
    }

    /// Landlock refuses these, as the tool may do the same inside its folder.
    private static let ruledByLandlock: Set<String> = ["read", "write", "make", "rename", "unlink"]

    @Test("Nothing that ffmpeg does not need succeeds, and all of it would without the sandbox")
    func everything() async throws {
        let settings = try Self.settings()
        try await Studio.with(settings, isWorking: false) { studio in
            let doors = try Doors(folder: studio.folder)
            let free = try Site(studio, "free")
            let control = try await ChildProcess.run(
                .init(executable: settings.ffmpegPath, arguments: free.arguments(doors)), on: studio.loops.next())
            let possible = Self.outcomes(control.output)
            let failed = possible.filter { $0.value != "done" && !$0.key.hasPrefix("probe") }
            #expect(failed.isEmpty, "these attempts prove nothing: \(failed)")
            let unknown = possible.filter { $0.value == "ENOSYS" }
            #expect(unknown.isEmpty, "this kernel lacks \(unknown.keys)")
            #expect(possible.count > 80 && possible["exec"] == "done")
            #expect(doors.visits() == .init(tcp: 1, udp: 1, unix: 1))

            let site = try Site(studio, "site")
            let tool = MediaTool(settings: settings, sandbox: try Sandbox(), loops: studio.loops)
            let result = try await tool.run(
                .ffmpeg, site.arguments(doors), reads: [], writes: site.inside, effort: .background)
            let outcomes = Self.outcomes(result.output)
            #expect(Set(outcomes.keys) == Set(possible.keys))
            for (name, answer) in outcomes {
                if name.hasPrefix("needed") {
                    #expect(answer == "done", "\(name)")
                } else if Self.ruledByLandlock.contains(name) {
                    #expect(["EACCES", "ENOENT"].contains(answer), "\(name): \(answer)")
                } else {
                    // The filter answers before the rest of the kernel looks at the call.
                    #expect(answer == "ENOSYS", "\(name): \(answer)")
                }
            }
            #expect(doors.visits() == Doors.Visits())
            var status = stat()
            #expect(stat(site.outside, &status) == 0 && status.st_mode & 0o777 == 0o600 && status.st_size == 6)
        }
    }

    @Test("A tool that may write nothing writes nothing")
    func reading() async throws {
        let settings = try Self.settings()
        try await Studio.with(settings, isWorking: false) { studio in
            let doors = try Doors(folder: studio.folder)
            let site = try Site(studio, "site")
            let tool = MediaTool(settings: settings, sandbox: try Sandbox(), loops: studio.loops)
            let result = try await tool.run(
                .ffprobe, site.arguments(doors), reads: [site.outside], effort: .inspection)
            let outcomes = Self.outcomes(result.output)
            #expect(outcomes["read"] == "done" && outcomes["write"] == "EACCES")
            #expect(outcomes["needed: make"] == "EACCES" && outcomes["chmod"] == "ENOSYS")
        }
    }

    @Test("ffmpeg sends nothing out, by TCP, UDP or SRT", arguments: ["tcp", "udp", "srt"])
    func sending(by scheme: String) async throws {
        try await Studio.with(isWorking: false) { studio in
            let doors = try Doors(folder: studio.folder)
            let port = scheme == "tcp" ? doors.tcpPort : doors.udpPort
            let options = scheme == "srt" ? "?connect_timeout=100" : ""
            let arguments = [
                "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=1", "-c:v",
                "mpeg2video", "-f", "mpegts", "\(scheme)://127.0.0.1:\(port)\(options)",
            ]
            _ = try await ChildProcess.run(
                .init(executable: EncodingSettings().ffmpegPath, arguments: arguments), on: studio.loops.next())
            #expect(doors.visits() != Doors.Visits(), "outside it sends")
            let tool = MediaTool(settings: EncodingSettings(), sandbox: try Sandbox(), loops: studio.loops)
            await #expect(throws: ToolFailure.self) {
                _ = try await tool.run(.ffmpeg, arguments, reads: [], effort: .background)
            }
            #expect(doors.visits() == Doors.Visits())
        }
    }
}
