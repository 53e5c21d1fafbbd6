import FoundationEssentials
import Glibc
import HTTP
import Storage
import Videos
import Web

/// Whether the server is alive, ready, and how busy it is.
struct HealthRoutes: Sendable {
    let services: Server.Services

    init(_ services: Server.Services) {
        self.services = services
    }

    func add(to router: RouterBuilder) {
        router.get("/healthz", access: .public, logged: false) { _, _ in
            Response(headers: Self.aliveFields, body: .string("ok\n"))
        }
        router.get("/readyz", access: .public, logged: false) { _, _ in
            let checks = await self.checks()
            let isReady = checks.allSatisfy(\.value)
            let body = Readiness(
                status: isReady ? "ready" : "unavailable", checks: checks.mapValues { $0 ? "ok" : "failing" })
            return Self.uncached(try .json(body, status: isReady ? .ok : .serviceUnavailable))
        }
        router.get("/metrics", access: .public, logged: false) { _, _ in
            Self.uncached(.text(await self.metrics(), type: "text/plain; version=0.0.4; charset=utf-8"))
        }
    }

    /// Load balancers ask every second or so, each of them.
    private static let aliveFields: HeaderFields = [
        .contentType: "text/plain; charset=utf-8", .cacheControl: "no-store",
    ]

    private struct Readiness: Encodable, Sendable {
        var status: String
        var checks: [String: String]
    }

    private func checks() async -> [String: Bool] {
        let database = try? await services.database.read { try $0.first("SELECT 1 AS one") != nil }
        let space = try? await services.storage.usableSpace()
        let encoding = services.encodingTools
        return [
            "database": database == true, "storage": (space ?? 0) > 0,
            "encoder": encoding.allSatisfy { access($0, X_OK) == 0 },
        ]
    }

    /// The Prometheus text format.
    private func metrics() async -> String {
        var text = ""
        func metric(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: Int)]) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
            for sample in samples { text += "\(name)\(sample.labels) \(sample.value)\n" }
        }
        metric(
            "palco_http_requests_total", "counter", "Requests answered, by class of status.",
            services.traffic.requests.map { ("{status=\"\($0.status)\"}", $0.count) })
        metric(
            "palco_connections", "gauge", "Open connections.", [("", await services.loops.connectionCount())])
        metric(
            "palco_event_listeners", "gauge", "Clients that follow events of videos.",
            [("", services.events.listenerCount)])
        let counts = (try? await services.videos.countsByStatus()) ?? [:]
        metric(
            "palco_videos", "gauge", "Videos by status.",
            counts.sorted { $0.key < $1.key }.map { ("{status=\"\($0.key)\"}", $0.value) })
        let tasks = (try? await services.encoder.taskCounts()) ?? [:]
        metric(
            "palco_encoding_tasks", "gauge", "Tasks of encoding that are left, by state.",
            ["failed", "running", "waiting"].map { ("{state=\"\($0)\"}", tasks[$0] ?? 0) })
        if let resident = Self.residentBytes() {
            metric("process_resident_memory_bytes", "gauge", "Memory in use.", [("", resident)])
        }
        metric("palco_info", "gauge", "The running version.", [("{version=\"\(Version.current)\"}", 1)])
        return text
    }

    private static func residentBytes() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? Int(fields[1]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) } : nil
    }

    private static func uncached(_ response: Response) -> Response {
        var response = response
        response.headers[.cacheControl] = "no-store"
        return response
    }
}
