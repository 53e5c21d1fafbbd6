import Cryptography
import Glibc
import HTTP
import Reactor
import Storage
import Telemetry
import Web

/// Whether the server is alive, ready, and how busy it is.
struct HealthRoutes: Sendable {
    private let services: Server.Services
    private let metricsToken: String?
    private let readiness: KeptAnswer<[String: Bool]>
    private let metrics: Metrics

    /// - Parameters:
    ///   - metricsToken: lets a reader of `/metrics` in who is not on this machine.
    ///   - now: the clock by which answers are kept; tests bring their own.
    init(
        _ services: Server.Services, metricsToken: String?, now: @escaping @Sendable () -> MonotonicTime = { .now }
    ) {
        self.services = services
        self.metricsToken = metricsToken
        readiness = KeptAnswer(for: .seconds(2), now: now) { await Self.checks(services) }
        metrics = Metrics(services, now: now)
    }

    func add(to router: RouterBuilder) {
        router.get(
            "/healthz", access: .public, logged: false,
            atOnce: { _, _ in Response(sharing: Self.aliveFields, body: .string("ok\n")) })
        router.get("/readyz", access: .public, logged: false) { _, _ in
            // A server that is stopping answers what is in flight and should be sent nothing more. It says so at once: a
            // balancer has little time to hear it, and what is checked may be slow.
            let isStopping = services.stopping.isUnderWay || services.connections.isDraining
            var checks = isStopping ? [:] : await readiness()
            checks["accepting"] = !isStopping
            let isReady = checks.allSatisfy(\.value)
            let body = Readiness(
                status: isReady ? "ready" : "unavailable", checks: checks.mapValues { $0 ? "ok" : "failing" })
            return try .json(body, status: isReady ? .ok : .serviceUnavailable)
        }
        router.get("/metrics", access: .public, logged: false) { request, _ in
            // Nobody else is told that there is something to see.
            guard isReader(request) else { throw Problem.notFound() }
            return .text(await metrics.text(), type: MetricsText.contentType)
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
        guard let host = request.host?.lowercased() else { return true }
        let name = host.hasPrefix("[") ? host.dropFirst().prefix { $0 != "]" } : host.prefix { $0 != ":" }
        return name == "localhost" || IPAddress(String(name))?.isLoopback == true
    }

    /// Load balancers ask every second or so, each of them.
    private static let aliveFields = SecurityHeaders.constant([
        .contentType: "text/plain; charset=utf-8", .cacheControl: "no-store",
    ])

    private struct Readiness: Encodable, Sendable {
        var status: String
        var checks: [String: String]
    }

    private static func checks(_ services: Server.Services) async -> [String: Bool] {
        let database = try? await services.database.read { try $0.first("SELECT 1 AS one") != nil }
        let space = try? await services.storage.workspace.usableSpace()
        let isReachable = await services.storage.isReachable(
            within: .seconds(2), on: EventLoop.current ?? services.loops.next())
        let encoding = services.encodingTools
        return [
            "database": database == true, "storage": (space ?? 0) > 0 && isReachable,
            "encoder": encoding.allSatisfy { access($0, X_OK) == 0 },
        ]
    }
}
