import HTTP
import Reactor
import Testing

@testable import Web

@Suite("Router")
struct RouterTests {
    static func echo(_ names: String...) -> Next<BaseContext> {
        { _, context in .text(names.map { context.parameters[$0] ?? "-" }.joined(separator: " ")) }
    }

    static func application() throws -> Application {
        let router = RouterBuilder()
        router.get("/", access: .public) { _, _ in .text("root") }
        router.get("/videos/search", access: .public) { _, _ in .text("search") }
        router.get("/videos/{id}", access: .public, Self.echo("id"))
        router.delete("/videos/{id}", access: .public, Self.echo("id"))
        router.get("/videos/{id}/hls/{rendition}/{number}.m4s", access: .public, Self.echo("id", "rendition", "number"))
        router.get("/videos/{id}/hls/{rendition}/init.mp4", access: .public, Self.echo("id", "rendition"))
        router.get("/assets/{tree}/{path...}", access: .public, Self.echo("tree", "path"))
        return try router.build()
    }

    @Test(
        "a path finds the most specific route",
        arguments: [
            ("/", "root"), ("/?a=/x", "root"), ("/videos/search", "search"), ("/videos/7", "7"),
            ("/videos/7/hls/720p/12.m4s", "7 720p 12"), ("/videos/7/hls/720p/init.mp4", "7 720p"),
            ("/assets/ab/js/player/main.js", "ab js/player/main.js"), ("/videos/a%20b", "a b"),
            ("/%76ideos/7", "7"), ("/videos/searching", "searching"), ("/videos/sea%72ch", "search"),
        ])
    func matching(target: String, body: String) async throws {
        let answer = try await InProcessClient(Self.application()).get(target)
        #expect(answer.status == .ok)
        #expect(answer.text == body)
    }

    @Test(
        "what matches no route is 404",
        arguments: [
            "/videos", "/videos/", "/videos/7/", "/videos//x", "/assets/ab/", "/videos/%zz", "/videos/a%00b", "x",
        ])
    func missing(target: String) async throws {
        let answer = try await InProcessClient(Self.application()).get(target)
        #expect(answer.status == .notFound)
        #expect(answer.headers[.contentType] == "application/problem+json")
    }

    @Test("another method of a path that exists is 405 and tells what is allowed")
    func methodNotAllowed() async throws {
        let client = InProcessClient(try Self.application())
        let answer = try await client.send(.post, "/videos/7")
        #expect(answer.status == .methodNotAllowed)
        #expect(answer.headers[.allow] == "DELETE, GET, HEAD, OPTIONS")
        #expect(try await client.send(.options, "/videos/7").status == .noContent)
        #expect(try await client.send(.delete, "/videos/search").text == "search")
    }

    @Test("HEAD goes where GET goes")
    func head() async throws {
        #expect(try await InProcessClient(Self.application()).send(.head, "/videos/7").status == .ok)
    }

    @Test("a route without an access rule stops the start")
    func missingRule() {
        let router = RouterBuilder()
        router.get("/a") { _, _ in .noContent }
        #expect(throws: RouterError.missingAccessRule("GET /a")) { try router.build() }
    }

    @Test("a rule that nothing enforces stops the start")
    func unenforcedRule() {
        let router = RouterBuilder()
        router.get("/a", access: .signedIn) { _, _ in .noContent }
        #expect(throws: RouterError.noAccessCheck("GET /a")) { try router.build() }
    }

    @Test("two routes of one method and shape stop the start")
    func duplicate() {
        let router = RouterBuilder()
        router.get("/a/{x}", access: .public) { _, _ in .noContent }
        router.get("/a/{y}", access: .public) { _, _ in .noContent }
        #expect(throws: RouterError.duplicate("GET /a/{y}")) { try router.build() }
    }

    @Test("malformed paths stop the start", arguments: ["a", "/a//b", "/{", "/{}", "/{a}{b}", "/{a...}/b", "/{a}/{a}"])
    func malformed(path: String) {
        let router = RouterBuilder()
        router.get(path, access: .public) { _, _ in .noContent }
        #expect(throws: RouterError.malformedPath(path)) { try router.build() }
    }

    struct Person: Sendable { let name: String }
    struct PersonContext: ChildContext {
        let base: BaseContext
        let person: Person
        init(_ parent: BaseContext, request: Request) async throws {
            guard let person = parent.values[Person.self] else { throw Problem.unauthorized() }
            base = parent
            self.person = person
        }
    }

    @Test("the access check runs before the handler and hands over who is asking")
    func accessCheck() async throws {
        let router = RouterBuilder(
            accessCheck: AccessCheck { request, context, rule in
                guard let name = request.headers[.authorization] else { throw Problem.unauthorized() }
                if rule == .role("admin"), name != "ada" { throw Problem.forbidden() }
                context.values[Person.self] = Person(name: name)
            })
        let people = router.group("/api", access: .signedIn, context: PersonContext.self)
        people.get("/me") { _, context in .text(context.person.name) }
        people.get("/admin", access: .role("admin")) { _, context in .text("admin " + context.person.name) }
        let application = try router.build()
        #expect(application.routes.map(\.access.description) == ["signed_in", "role:admin"])

        let client = InProcessClient(application)
        let refused = try await client.get("/api/me")
        #expect(refused.status == .unauthorized)
        #expect(refused.headers[.wwwAuthenticate] == "Bearer")
        #expect(try await client.get("/api/me", headers: [.authorization: "bob"]).text == "bob")
        #expect(try await client.get("/api/admin", headers: [.authorization: "bob"]).status == .forbidden)
        #expect(try await client.get("/api/admin", headers: [.authorization: "ada"]).text == "admin ada")
    }

    @Test("a context that proves the rule is asked instead of the access check")
    func provenAccess() async throws {
        let router = RouterBuilder(accessCheck: AccessCheck { _, _, _ in throw Problem.forbidden() })
        let proven = router.group("/proven", access: .rule("word"), provesAccess: true) { request, parent in
            guard request.query["word"] == "sesame" else { throw Problem.unauthorized() }
            return parent
        }
        proven.get("/a") { _, _ in .noContent }
        proven.group("/deeper").get("/b") { _, _ in .noContent }
        router.group("/other", access: .rule("word")).get("/a") { _, _ in .noContent }
        let client = InProcessClient(try router.build())
        for path in ["/proven/a", "/proven/deeper/b"] {
            #expect(try await client.get(path).status == .unauthorized)
            #expect(try await client.get(path + "?word=sesame").status == .noContent)
        }
        #expect(try await client.get("/other/a?word=sesame").status == .forbidden)
    }

    @Test("middleware runs around handlers, the first one outermost")
    func middleware() async throws {
        let router = RouterBuilder()
        for name in ["outer", "inner"] {
            router.add { request, context, next in
                var response = try await next(request, context)
                response.headers.append("X-Trail", name)
                return response
            }
        }
        router.group("/g").with { request, context, next in
            var response = try await next(request, context)
            response.headers.append("X-Trail", "group")
            return response
        }.get("/a", access: .public) { _, _ in .noContent }
        let answer = try await InProcessClient(router.build()).get("/g/a")
        #expect(answer.headers.values(of: "X-Trail") == ["group", "inner", "outer"])
    }

    @Test("a parameter that is not of its type is 404")
    func typedParameter() async throws {
        let router = RouterBuilder()
        router.get("/n/{n}", access: .public) { _, context in
            .text(String(try context.parameters.require("n", as: Int.self)))
        }
        let client = InProcessClient(try router.build())
        #expect(try await client.get("/n/12").text == "12")
        #expect(try await client.get("/n/x").status == .notFound)
    }
}
