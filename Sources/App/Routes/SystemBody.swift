import Encoding
import FoundationEssentials
import Reactor
import Storage

/// How a server stands, as JSON.
struct SystemBody: Encodable, Sendable {
    struct Program: Encodable, Sendable {
        var name: String
        var path: String?
        /// Nil where it does not start.
        var version: String?

        private enum CodingKeys: String, CodingKey { case name, path, version }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try container.encode(path, forKey: .path)
            try container.encode(version, forKey: .version)
        }
    }

    struct Tasks: Encodable, Sendable {
        var count: Int
        /// Of the one that is there for longest.
        var oldestSeconds: Double
    }

    struct Queue: Encodable, Sendable {
        var waiting, running, failed: Tasks
    }

    struct Disk: Encodable, Sendable {
        /// That may still be filled; nil where that cannot be found out.
        var usableBytes: Int?
        var reserveBytes: Int

        private enum CodingKeys: String, CodingKey { case usableBytes, reserveBytes }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(usableBytes, forKey: .usableBytes)
            try container.encode(reserveBytes, forKey: .reserveBytes)
        }
    }

    struct Videos: Encodable, Sendable {
        var pending, processing, ready, failed: Int
    }

    struct Uploads: Encodable, Sendable {
        var count: Int
        var expectedBytes: Int
    }

    struct Worker: Encodable, Sendable {
        var host: String
        var process: Int
        var version: String
        var state: String
        var places, running, done: Int
        /// Nil for all.
        var kinds: [String]?
        var maxLines: Int?
        var ageSeconds, silenceSeconds: Double

        private enum CodingKeys: String, CodingKey {
            case host, process, version, state, places, running, done, kinds, maxLines, ageSeconds, silenceSeconds
        }

        init(_ report: WorkerReport) {
            (host, process, version, state) = (report.host, report.process, report.version, report.state.rawValue)
            (places, running, done) = (report.places, report.running, report.done)
            (kinds, maxLines) = (report.kinds, report.maxLines)
            (ageSeconds, silenceSeconds) = (report.age / .seconds(1), report.silence / .seconds(1))
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(host, forKey: .host)
            try container.encode(process, forKey: .process)
            try container.encode(version, forKey: .version)
            try container.encode(state, forKey: .state)
            try container.encode(places, forKey: .places)
            try container.encode(running, forKey: .running)
            try container.encode(done, forKey: .done)
            try container.encode(kinds, forKey: .kinds)
            try container.encode(maxLines, forKey: .maxLines)
            try container.encode(ageSeconds, forKey: .ageSeconds)
            try container.encode(silenceSeconds, forKey: .silenceSeconds)
        }
    }

    var version = Version.current
    var host = RecordSettings.hostName
    /// Nil for a process of which the system tells nothing.
    var acceptsUploads: Bool
    var database: Program
    /// Where media is kept.
    var storage: String
    var disk: Disk
    var queue: Queue
    var encoder: [Program]
    /// What this server encodes itself at a time.
    var encodingPlaces: Int
    var workers: [Worker]
    var videos: Videos
    var uploads: Uploads

    init(_ services: Server.Services, _ stored: StoredCounts, _ versions: ToolVersions, _ settings: Settings) {
        func tasks(_ state: String) -> Tasks {
            let found = stored.tasks[state]
            return Tasks(count: found?.count ?? 0, oldestSeconds: Double(found?.oldestAge ?? 0))
        }
        func videos(_ status: String) -> Int { stored.videos[status] ?? 0 }
        acceptsUploads = services.isSafe
        database = Program(
            name: services.database.isShared ? "PostgreSQL" : "SQLite", version: versions.database)
        storage =
            switch settings.storagePlace {
            case .data: "data"
            case .folder: "folder"
            case .bucket: "bucket"
            }
        disk = Disk(usableBytes: stored.usableSpace, reserveBytes: settings.diskReserveBytes)
        queue = Queue(waiting: tasks("waiting"), running: tasks("running"), failed: tasks("failed"))
        encoder = [
            Program(name: "ffmpeg", path: settings.ffmpegPath, version: versions.ffmpeg),
            Program(name: "ffprobe", path: settings.ffprobePath, version: versions.ffprobe),
        ]
        encodingPlaces = settings.workerCount
        workers = stored.workers.map(Worker.init)
        self.videos = Videos(
            pending: videos("pending"), processing: videos("processing"), ready: videos("ready"),
            failed: videos("failed"))
        uploads = Uploads(count: stored.uploads.count, expectedBytes: Int(clamping: stored.uploads.byteCount))
    }
}
