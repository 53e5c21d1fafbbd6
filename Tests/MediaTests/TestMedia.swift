import Foundation
import Testing

@testable import Media

/// Real files from the folder that `scripts/setup` fills, and what ffmpeg makes from them.
enum TestMedia {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["PALCO_TEST_MEDIA"] { return URL(filePath: path) }
        return URL(filePath: #filePath).appending(path: "../../../.build/test-media").standardized
    }()

    static func path(_ name: String) throws -> String {
        let path = folder.appending(path: name).path
        try #require(FileManager.default.fileExists(atPath: path), "\(name) is missing: run scripts/setup")
        return path
    }

    static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    static func movie(_ path: String) throws -> Movie { try movie(try bytes(path)) }

    static func movie(_ bytes: [UInt8]) throws -> Movie {
        try MovieReader.movie(byteCount: bytes.count) { Array(bytes[$0]) }
    }

    /// A folder of its own, removed afterwards.
    static func withFolder<Result>(_ body: (Folder) throws -> Result) throws -> Result {
        let url = FileManager.default.temporaryDirectory.appending(path: "palco-media-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: url) }
        return try body(Folder(url: url))
    }

    struct Folder {
        let url: URL

        func path(_ name: String) -> String { url.appending(path: name).path }

        func write(_ bytes: [UInt8], _ name: String) throws -> String {
            try Data(bytes).write(to: url.appending(path: name))
            return path(name)
        }

        /// Runs ffmpeg; `OUT` in the arguments stands for the path of the result.
        func ffmpeg(_ arguments: [String], to name: String) throws -> String {
            let output = path(name)
            let full = ["-v", "error", "-nostdin", "-y"] + arguments.map { $0 == "OUT" ? output : $0 }
            _ = try TestMedia.run("ffmpeg", full)
            return output
        }
    }

    static func run(_ tool: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [tool] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(tool) \(arguments.joined(separator: " "))")
        return String(decoding: data, as: UTF8.self)
    }

    struct Packet: Equatable {
        var pts: Int64
        var dts: Int64
        var duration: Int64
        var size: Int
        var position: Int
        var isKey: Bool
    }

    /// The packets of the first stream of a kind (`v` or `a`), as ffprobe sees them.
    static func packets(_ path: String, _ stream: String, options: [String] = []) throws -> [Packet] {
        let text = try run(
            "ffprobe",
            ["-v", "error"] + options + [
                "-select_streams", "\(stream):0", "-show_entries", "packet=pts,dts,duration,size,pos,flags", "-of",
                "default=nk=0:nw=0", path,
            ])
        return text.components(separatedBy: "[PACKET]").dropFirst().map { block in
            var fields: [Substring: Substring] = [:]
            for line in block.split(separator: "\n") {
                let pair = line.split(separator: "=", maxSplits: 1)
                if pair.count == 2 { fields[pair[0]] = pair[1] }
            }
            func number<T: FixedWidthInteger>(_ name: Substring) -> T { T(fields[name] ?? "") ?? -1 }
            return Packet(
                pts: number("pts"), dts: number("dts"), duration: number("duration"), size: number("size"),
                position: number("pos"), isKey: fields["flags"]?.first == "K")
        }
    }

    /// `pts size hash` of each packet or decoded frame of the first stream of a kind.
    static func hashes(_ input: [String], _ stream: String, decoded: Bool) throws -> [String] {
        let text = try run(
            "ffmpeg",
            ["-v", "error", "-nostdin"] + input + ["-map", "0:\(stream):0"]
                + (decoded ? ["-fps_mode", "passthrough", "-enc_time_base", "-1"] : ["-c", "copy"])
                + ["-copyts", "-f", "framemd5", "-"])
        return text.split(separator: "\n").filter { $0.first != "#" }.map { line in
            let fields = line.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            return fields[4] + " " + fields[5]
        }
    }
}
