import Accounts
import HTTP
import Testing
import Web

@testable import App
@testable import Videos

@Suite("Cache rules of all routes")
struct CacheRulesTests {
    /// Routes that know who asks and say something else than `private, no-store` when all is well.
    static let exceptions: [String: String] = [
        // Nobody keeps an endless answer, and proxies know this form of it best.
        "GET /api/v1/videos/events": "no-store", "GET /api/v1/videos/{id}/events": "no-store",
        // tus 1.0.0 asks for it.
        "HEAD /api/v1/uploads/{id}": "no-store",
    ]

    @Test("No answer of a route that knows who asks is kept by anybody, whoever asks, errors included")
    func everyRoute() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.addPeople()
        let every = EveryRouteTests()
        for route in house.application.routes where route.access != .public {
            for role in [nil, Role.user, .admin] {
                let id = try await house.addVideo()
                var token: String?
                if let role { token = try await house.token(of: role) }
                let response = await house.application.respond(to: every.request(route, id, token))
                let isError = response.status.code >= 400
                let rule = isError ? nil : Self.exceptions[route.description]
                #expect(
                    response.headers.values(of: .cacheControl) == [rule ?? "private, no-store"],
                    "\(route) for \(role.map(\.rawValue) ?? "nobody"): \(response.status)")
            }
        }
        await house.server.stop()
    }

    @Test("Every other route has a rule as well")
    func openRoutes() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        let every = EveryRouteTests()
        for route in house.application.routes where route.access == .public {
            let response = await house.application.respond(to: every.request(route, VideoID(), nil))
            #expect(response.headers.values(of: .cacheControl).count == 1, "\(route)")
        }
        await house.server.stop()
    }
}
