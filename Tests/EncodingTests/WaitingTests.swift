import FoundationEssentials
import Reactor
import SQL
import Storage
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("Tasks that must not begin yet")
struct WaitingTests {
    private struct Waiting: Equatable {
        var kind: String
        var words: String?
        var attempts = 0
    }

    /// A video in the queue of a folder in which nobody has worked yet.
    private static func queued(_ folder: String, isStandard: Bool) async throws -> EncodingID {
        try await Studio.open(folder, isWorking: false) { studio in
            let codec = isStandard ? ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "50"] : ["-c:v", "mpeg4"]
            return try await studio.add(
                try await TestMedia.film("film.mkv", in: studio, size: "640x360", codec + ["-c:a", "libmp3lame"]))
        }
    }

    private static func tasks(of id: EncodingID, in studio: Studio) async throws -> [Waiting] {
        try await studio.database.read { access in
            try access.query(
                "SELECT kind, last_words, attempts FROM encoding_tasks WHERE video_id = $1 ORDER BY kind", id
            ).map {
                Waiting(
                    kind: try $0.value("kind"), words: try $0.value("last_words"), attempts: try $0.value("attempts"))
            }
        }
    }

    @Test("Where the disk has no room for what ffmpeg may write, no ffmpeg is started", arguments: [false, true])
    func reserve(isStandard: Bool) async throws {
        let folder = NSTemporaryDirectoryPath.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let id = try await Self.queued(folder, isStandard: isStandard)
        var settings = EncodingSettings()
        // To start it would be another error than the missing room.
        settings.ffmpegPath = "/nowhere/ffmpeg"
        try await Studio.open(folder, settings, reserve: .max / 2) { studio in
            var tasks: [Waiting] = []
            try await eventually("every task of the plan was tried") {
                tasks = try await Self.tasks(of: id, in: studio)
                return tasks.count >= 2 && tasks.allSatisfy { $0.words != nil }
            }
            let words = "\(StorageError.noSpace)"
            try #require(tasks.allSatisfy { $0.words == words }, "\(tasks)")
            let wanted = isStandard ? ["audio", "copy", "thumbnail", "storyboard"] : ["audio", "chunk", "thumbnail"]
            #expect(Set(tasks.map(\.kind)).isSuperset(of: wanted), "\(tasks)")
            #expect(studio.changes.all(of: id).allSatisfy { $0.status == .processing })
        }
        // With room it becomes whole, and nothing was lost by waiting.
        try await Studio.open(folder, isWorking: false) { studio in
            try await studio.database.write { _ = try $0.execute("UPDATE encoding_tasks SET not_before = 0") }
        }
        try await Studio.open(folder) { try await $0.complete(id) }
    }

    @Test("Where the kernel confines nothing, tasks wait until it does")
    func unsafe() async throws {
        let folder = NSTemporaryDirectoryPath.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let id = try await Self.queued(folder, isStandard: false)
        try await Studio.open(folder, isSafe: false) { studio in
            // Workers look at the queue whenever the bell rings, and only then wait for it again.
            let bell = studio.queue.signals.bell
            for _ in 0..<20 {
                try await eventually("somebody waits for the bell") { bell.waiterCount > 0 }
                bell.ring()
            }
            let tasks = try await Self.tasks(of: id, in: studio)
            try #require(tasks == [Waiting(kind: "plan", words: nil, attempts: 0)])
            #expect(studio.changes.all(of: id).isEmpty)
        }
        try await Studio.open(folder) { try await $0.complete(id) }
    }
}
