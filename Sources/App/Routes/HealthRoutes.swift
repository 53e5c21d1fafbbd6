import FoundationEssentials
import Glibc
import HTTP
import Reactor
import Security
import Storage
import Videos
import Web

/// Whether the server is alive, ready, and how busy it is.
struct HealthRoutes: Sendable {
    private let services: Server.Services
    private let metricsToken: String?
    private let readiness: KeptAnswer<[String: Bool]>
    private let counts: KeptAnswer<StoredCounts>

    /// - Parameters:
    ///   - metricsToken: lets a reader of `/metrics` in who is not on this machine.
    ///   - now: the clock by which answers are kept; tests bring their own.
    init(
        _ services: Server.Services, metricsToken: String?, now: @escaping @Sendable () -> MonotonicTime = { .now }
    ) {
        self.services = services
        self.metricsToken = metricsToken
        readiness = KeptAnswer(for: .seconds(2), now: now) { await Self.checks(services) }
        counts = KeptAnswer(for: .seconds(10), now: now) { await StoredCounts(services) }
    }

    func add(to router: RouterBuilder) {
        router.get("/healthz", access: .public, logged: false) { _, _ in
            Response(headers: Self.aliveFields, body: .string("ok\n"))
        }
        router.get("/readyz", access: .public, logged: false) { _, _ in
            let checks = await readiness()
            let isReady = checks.allSatisfy(\.value)
            let body = Readiness(
                status: isReady ? "ready" : "unavailable", checks: checks.mapValues { $0 ? "ok" : "failing" })
            return try .json(body, status: isReady ? .ok : .serviceUnavailable)
        }
        router.get("/metrics", access: .public, logged: false) { request, _ in
            // Nobody else is told that there is something to see.
            guard isReader(request) else { throw Problem.notFound() }
            return .text(await metrics(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
    }

    /// A program on this machine that asks without any proxy, or who knows the token.
    private func isReader(_ request: Request) -> Bool {
        if let metricsToken, let field = request.headers[.authorization] {
            return constantTimeEqual(field, "Bearer \(metricsToken)")
        }
        // A proxy on this machine asks for the whole world. It betrays itself by a field, or by the name that the world
        // knows this server under.
        let isProxied = request.proxyAddress != nil || request.isForwarded || request.headers.contains(.via)
        return !isProxied && request.remoteAddress.ip?.isLoopback == true && Self.namesThisMachine(request)
    }

    private static func namesThisMachine(_ request: Request) -> Bool {
        guard let host = request.headers[.host]?.lowercased() else { return true }
        let name = host.hasPrefix("[") ? host.dropFirst().prefix { $0 != "]" } : host.prefix { $0 != ":" }
        return name == "localhost" || IPAddress(String(name))?.isLoopback == true
    }

    /// Load balancers ask every second or so, each of them.
    private static let aliveFields: HeaderFields = [
        .contentType: "text/plain; charset=utf-8", .cacheControl: "no-store",
    ]

    private struct Readiness: Encodable, Sendable {
        var status: String
        var checks: [String: String]
    }

    private static func checks(_ services: Server.Services) async -> [String: Bool] {
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
            "palco_connections", "gauge", "Open connections.", [("", await services.connections.count())])
        metric(
            "palco_event_listeners", "gauge", "Clients that follow events of videos.",
            [("", services.events.listenerCount)])
        let counts = await counts()
        metric(
            "palco_videos", "gauge", "Videos by status.",
            counts.videos.sorted { $0.key < $1.key }.map { ("{status=\"\($0.key)\"}", $0.value) })
        metric(
            "palco_encoding_tasks", "gauge", "Tasks of encoding that are left, by state.",
            ["failed", "running", "waiting"].map { ("{state=\"\($0)\"}", counts.tasks[$0] ?? 0) })
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
}

/// What has to be counted in the database.
private struct StoredCounts: Sendable {
    var videos: [String: Int]
    var tasks: [String: Int]

    init(_ services: Server.Services) async {
        videos = (try? await services.videos.countsByStatus()) ?? [:]
        tasks = (try? await services.encoder.taskCounts()) ?? [:]
    }
}
