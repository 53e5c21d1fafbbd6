import HTTP
import Reactor
import Testing

@testable import Web

/// Routes that answer without waiting.
@Suite("Answers at once")
struct AtOnceTests {
    struct Guest: RequestContext {
        let base: BaseContext
        let name: String
    }

    /// Whether the answer was there at once, its status and its text.
    private func ask(
        _ application: Application, _ target: String, _ headers: HeaderFields = [:], method: Request.Method = .get
    ) async throws -> (isNow: Bool, status: Int, text: String) {
        var known: Response?
        let later = application.answer(to: Request(method: method, target: target, headers: headers), &known)
        let awaited = await later?()
        let response = try #require(known ?? awaited)
        return (known != nil, response.status.code, String(decoding: try await response.collect(), as: UTF8.self))
    }

    @Test("A route is asked for what it knows first, and its handler for the rest")
    func firstAndRest() async throws {
        let router = RouterBuilder()
        router.get(
            "/{name}", access: .public,
            atOnce: { _, context in context.parameters["name"] == "known" ? .text("now") : nil },
            { _, context in .text("later \(try context.parameters.require("name"))") })
        let application = try router.build()
        #expect(try await ask(application, "/known") == (true, 200, "now"))
        #expect(try await ask(application, "/other") == (false, 200, "later other"))
        #expect(try await ask(application, "/known", method: .head).isNow, "as for GET")
        let missing = try await ask(application, "/known/further")
        #expect(missing.isNow && missing.status == 404)
        #expect(try await ask(application, "/known", method: .post).status == 405)
    }

    @Test("What it throws is the answer, and no handler is asked")
    func failing() async throws {
        let router = RouterBuilder()
        router.get(
            "/", access: .public, atOnce: { _, _ in throw Problem.forbidden(code: "closed", "Not today.") },
            { _, _ in .text("open") })
        let answer = try await ask(try router.build(), "/")
        #expect(answer.isNow && answer.status == 403 && answer.text.contains("closed"))
    }

    @Test("A context that can be made without waiting goes along; where it cannot, all of it waits")
    func contexts() async throws {
        let router = RouterBuilder()
        let group = router.group(
            "/guests/{name}", access: .rule("guest"), provesAccess: true,
            atOnce: { _, parent, answer in
                let name = try parent.parameters.require("name")
                if name == "nobody" { throw Problem.notFound() }
                return name == "slow" ? nil : try answer(Guest(base: parent, name: name))
            },
            context: { _, parent in Guest(base: parent, name: try parent.parameters.require("name") + " at last") })
        group.get("/", atOnce: { _, guest in .text(guest.name) }, { _, guest in .text("handler: \(guest.name)") })
        let slow = router.group("/others", access: .public) { (_, parent) async in Guest(base: parent, name: "other") }
        slow.get("/", atOnce: { _, guest in .text("never") }, { _, guest in .text("handler: \(guest.name)") })
        let application = try router.build()
        #expect(try await ask(application, "/guests/ann/") == (true, 200, "ann"))
        #expect(try await ask(application, "/guests/slow/") == (false, 200, "handler: slow at last"))
        #expect(try await ask(application, "/guests/nobody/").status == 404)
        #expect(try await ask(application, "/others/") == (false, 200, "handler: other"))
    }

    @Test("Nothing passes by an access check, a limit or middleware that stands before the handler")
    func nothingIsPassedBy() async throws {
        func build(
            access: AccessRule = .public, limit: RateLimit? = nil, _ change: (RouterBuilder) -> Void = { _ in }
        ) throws -> Application {
            let router = RouterBuilder(
                accessCheck: AccessCheck { _, _, _ in throw Problem.forbidden(code: "checked", "No.") })
            change(router)
            router.group("", access: access, limit: limit).get(
                "/", atOnce: { _, _ in .text("passed by") }, { _, _ in .text("handler") })
            return try router.build()
        }
        let checked = try await ask(try build(access: .signedIn), "/")
        #expect(!checked.isNow && checked.status == 403)
        let limited = try build(limit: RateLimit("test", of: .address, burst: 1, interval: .seconds(3600)))
        #expect(try await ask(limited, "/") == (false, 200, "handler"))
        #expect(try await ask(limited, "/").status == 429)
        let wrapped = try build { router in
            router.add { request, context, next in
                var response = try await next(request, context)
                response.status = .accepted
                return response
            }
        }
        #expect(try await ask(wrapped, "/") == (false, 202, "handler"))
    }

    @Test(
        "An access check that need not wait refuses and admits at once, and is asked again where it must",
        arguments: [true, false])
    func checkedAtOnce(knows: Bool) async throws {
        let router = RouterBuilder(
            accessCheck: AccessCheck(
                atOnce: { request, _, _ in
                    guard knows else { return false }
                    guard request.headers.contains(.authorization) else { throw Problem.unauthorized() }
                    return true
                },
                { request, _, _ in
                    guard request.headers.contains(.authorization) else { throw Problem.unauthorized() }
                }))
        router.group("", access: .signedIn).get("/", atOnce: { _, _ in .text("at once") }, { _, _ in .text("later") })
        let application = try router.build()
        let stranger = try await ask(application, "/")
        #expect(stranger.isNow == knows && stranger.status == 401)
        let known = try await ask(application, "/", [.authorization: "Bearer x"])
        #expect(known == (knows, 200, knows ? "at once" : "later"))
    }
}
