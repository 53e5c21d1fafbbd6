import Accounts
import FoundationEssentials
import HTTP
import Security
import Testing
import Web

@testable import App
@testable import HTTP
@testable import TestSupport
@testable import Videos

/// Who may go through which route, written down once more, and every role sent through every route.
@Suite("Every role at every route")
struct EveryRouteTests {
    /// What a route asks of its caller.
    enum Door: Sendable {
        case anyone
        /// Anybody who is signed in.
        case person
        /// Who may upload.
        case uploader
        /// Who may see the video.
        case viewer
        /// Who may change the video.
        case keeper
    }

    /// Who is let in, and the one status that they get.
    struct Rule: Sendable {
        var door: Door
        var status: Int

        init(_ door: Door, _ status: Int) {
            self.door = door
            self.status = status
        }
    }

    static let rules: [String: Rule] = [
        "GET /": Rule(.anyone, 200), "GET /sign-in": Rule(.anyone, 200), "GET /upload": Rule(.anyone, 200),
        "GET /watch/{id}": Rule(.anyone, 200), "GET /favicon.ico": Rule(.anyone, 200),
        "GET /assets/{tree}/{path...}": Rule(.anyone, 200), "GET /healthz": Rule(.anyone, 200),
        "GET /readyz": Rule(.anyone, 200), "GET /metrics": Rule(.anyone, 200),
        "GET /connection": Rule(.anyone, 200), "GET /connection/events": Rule(.anyone, 200),
        "GET /api/v1/openapi.json": Rule(.anyone, 200),
        "POST /api/v1/auth/login": Rule(.anyone, 200), "POST /api/v1/auth/refresh": Rule(.anyone, 200),
        "POST /api/v1/auth/logout": Rule(.person, 204), "GET /api/v1/auth/me": Rule(.person, 200),
        "PATCH /api/v1/auth/me": Rule(.person, 200),
        // With a current password that is not right: who is let in is told so.
        "POST /api/v1/auth/password": Rule(.person, 422),
        "GET /api/v1/videos": Rule(.person, 200), "GET /api/v1/videos/events": Rule(.person, 200),
        // With a file that is no video.
        "POST /api/v1/videos": Rule(.uploader, 422),
        "GET /api/v1/videos/{id}": Rule(.viewer, 200), "PATCH /api/v1/videos/{id}": Rule(.keeper, 200),
        "DELETE /api/v1/videos/{id}": Rule(.keeper, 204), "POST /api/v1/videos/{id}/retry": Rule(.keeper, 202),
        "GET /api/v1/videos/{id}/events": Rule(.viewer, 200), "GET /api/v1/videos/{id}/play": Rule(.viewer, 200),
        "POST /api/v1/videos/{id}/progress": Rule(.viewer, 204), "POST /api/v1/videos/{id}/unlock": Rule(.viewer, 200),
        "GET /api/v1/videos/{id}/hls/master.m3u8": Rule(.viewer, 200),
        // With a grant that is over, for whoever is signed in.
        "GET /api/v1/play/{grant}/master.m3u8": Rule(.viewer, 200),
        "GET /api/v1/play/{grant}/{rendition}/index.m3u8": Rule(.viewer, 200),
        "GET /api/v1/play/{grant}/{rendition}/keyframes.m3u8": Rule(.viewer, 200),
        "GET /api/v1/play/{grant}/{rendition}/key": Rule(.viewer, 200),
        "GET /api/v1/play/{grant}/{rendition}/init.mp4": Rule(.viewer, 200),
        "GET /api/v1/play/{grant}/{rendition}/{number}.m4s": Rule(.viewer, 200),
        "GET /api/v1/play/{grant}/{rendition}/captions.vtt": Rule(.viewer, 200),
        "GET /media/{id}/{rendition}/{number}.m4s": Rule(.anyone, 200),
        "GET /api/v1/videos/{id}/thumbnail.jpg": Rule(.viewer, 200),
        "GET /api/v1/videos/{id}/storyboard.jpg": Rule(.viewer, 200),
        "GET /api/v1/videos/{id}/storyboard.vtt": Rule(.viewer, 200),
        "OPTIONS /api/v1/uploads": Rule(.anyone, 204), "OPTIONS /api/v1/uploads/{id}": Rule(.anyone, 204),
        "POST /api/v1/uploads": Rule(.uploader, 201), "HEAD /api/v1/uploads/{id}": Rule(.person, 200),
        "GET /api/v1/uploads/{id}": Rule(.person, 200),
        "PATCH /api/v1/uploads/{id}": Rule(.uploader, 204), "DELETE /api/v1/uploads/{id}": Rule(.person, 204),
        "POST /api/v1/uploads/{id}": Rule(.uploader, 204),
    ]

    /// The status, and for a refusal its code.
    struct Outcome: Sendable, Equatable {
        var status: Int
        var code: String?
    }

    static func expected(_ rule: Rule, _ route: Route, _ role: Role?, premium: Bool, hidden: Bool) -> Outcome {
        let letIn = Outcome(status: rule.status, code: rule.status == 422 ? Self.complaints[route.description] : nil)
        if case .anyone = rule.door { return letIn }
        guard let role else {
            return Outcome(status: 401, code: route.path.contains("{grant}") ? "grant_expired" : "unauthorized")
        }
        let sees = role == .admin || (!hidden && (!premium || role >= .premium))
        let isHidden = Outcome(status: 404, code: "video_not_found")
        switch rule.door {
        case .anyone, .person: return letIn
        case .uploader: return role >= .creator ? letIn : Outcome(status: 403, code: "upload_not_allowed")
        case .viewer: return sees ? letIn : isHidden
        // The videos are the administrator's.
        case .keeper:
            if role == .admin { return letIn }
            return sees ? Outcome(status: 403, code: "forbidden") : isHidden
        }
    }

    static let complaints = ["POST /api/v1/auth/password": "validation_failed", "POST /api/v1/videos": "not_a_video"]

    /// Real things of each kind that routes are about.
    struct Things: Sendable {
        /// Made to its last picture.
        var film: VideoID
        var rendition: String
        /// The address of a file that pages use.
        var asset: String
    }

    func things(_ house: AppHouse, _ folder: TemporaryFolder) async throws -> Things {
        let client = InProcessClient(house.application)
        client.headers[.authorization] = "Bearer \(try await house.token(of: .admin))"
        let form = FeatureTests.form(try await FeatureTests.film(in: folder))
        let made = try await client.send(
            .post, "/api/v1/videos", headers: HeaderFields(form.headers.map { (FieldName($0.0), $0.1) }),
            body: RequestBody(form.body))
        let id = try #require(made.text.firstMatch(of: /"id":"([0-9a-f-]{36})"/).flatMap { VideoID(String($0.1)) })
        try await FeatureTests.whenReady(id, house, progress: 1)
        var master = ""
        try await eventually("the captions are made") {
            master = try await client.get("/api/v1/videos/\(id)/hls/master.m3u8").text
            return master.contains("captions0")
        }
        let first = try #require(master.split(separator: "\n").first { !$0.hasPrefix("#") })
        let rendition = try #require(first.split(separator: "/").dropLast().last)
        let page = try await client.get("/").text
        let asset = try #require(page.firstMatch(of: /"(\/assets\/[^"]+)"/).map { String($0.1) })
        return Things(film: id, rendition: String(rendition), asset: asset)
    }

    @Test("Each is let in or refused as the table says, exactly")
    func walk() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.addPeople()
        try await house.serving { _ in
            let things = try await things(house, folder)
            for (premium, hidden) in [(false, false), (true, false), (false, true)] {
                try await house.setVisibility(of: things.film, premium: premium, hidden: hidden)
                for route in house.application.routes {
                    let rule = try #require(Self.rules[route.description], "\(route) is not in the table")
                    for role in [nil] + Role.allCases.map(Optional.some) {
                        let id = try await subject(of: route, role, things, house, premium: premium, hidden: hidden)
                        let request = try await request(route, id, role, things, house)
                        let outcome = await outcome(of: request, house.application)
                        let expected = Self.expected(rule, route, role, premium: premium, hidden: hidden)
                        #expect(outcome == expected, "\(route) for \(role.map(\.rawValue) ?? "nobody")")
                    }
                }
            }
        }
    }

    @Test("The table names no route that is not there")
    func noGhosts() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        let routes = Set(house.application.routes.map(\.description))
        #expect(Set(Self.rules.keys).subtracting(routes).isEmpty)
        await house.server.stop()
    }

    @Test("Others' uploads do not exist, for reading, going on and ending alike")
    func othersUploads() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.addPeople()
        let upload = try await house.addUpload(of: .admin)
        let things = Things(film: VideoID(), rendition: "", asset: "")
        for route in house.application.routes where route.path == "/api/v1/uploads/{id}" && route.access != .public {
            let request = try await request(route, upload.description, .creator, things, house)
            let outcome = await outcome(of: request, house.application)
            #expect(outcome == Outcome(status: 404, code: "upload_not_found"), "\(route)")
        }
        await house.server.stop()
    }

    /// The thing that a route is about: what is changed by a call is made for it.
    func subject(
        of route: Route, _ role: Role?, _ things: Things, _ house: AppHouse, premium: Bool, hidden: Bool
    ) async throws -> String {
        if route.path.hasPrefix("/api/v1/uploads/{id}") {
            return try await house.addUpload(of: role ?? .admin).description
        }
        let changes = route.method == .patch || route.method == .delete || route.path.hasSuffix("/retry")
        guard changes, route.path.hasPrefix("/api/v1/videos/{id}") else { return things.film.description }
        return try await house.addVideo(premium: premium, hidden: hidden).description
    }

    func request(
        _ route: Route, _ id: String, _ role: Role?, _ things: Things, _ house: AppHouse
    ) async throws -> Request {
        let rendition = route.path.hasSuffix("captions.vtt") ? "captions0" : things.rendition
        var target = route.path.replacing("{id}", with: id).replacing("{rendition}", with: rendition)
            .replacing("{number}", with: "0").replacing("{grant}", with: Self.oldGrant(for: things.film, house))
        if route.path.hasPrefix("/assets/") { target = things.asset }
        var headers: HeaderFields = ["Tus-Resumable": "1.0.0"]
        if let role { headers[.authorization] = "Bearer \(try await house.token(of: role))" }
        var body = RequestBody()
        func json(_ text: String) {
            headers[.contentType] = "application/json"
            body = RequestBody(text)
        }
        switch route.description {
        case "POST /api/v1/auth/login":
            json(#"{"email":"\#(AppHouse.email)","password":"\#(AppHouse.password)"}"#)
        case "POST /api/v1/auth/refresh":
            json(#"{"refresh_token":"\#(try await house.signIn(role ?? .user).refreshToken)"}"#)
        case "POST /api/v1/auth/password":
            json(#"{"current_password":"not the right one","new_password":"Another-Horse-8"}"#)
        case "PATCH /api/v1/auth/me": json(#"{"name":"Name"}"#)
        case "PATCH /api/v1/videos/{id}": json(#"{"title":"T"}"#)
        case "POST /api/v1/videos/{id}/progress": json(#"{"position":1}"#)
        case "POST /api/v1/videos/{id}/unlock": json(#"{"password":"x"}"#)
        case "POST /api/v1/videos":
            let form = FeatureTests.form(Array("Once upon a time".utf8))
            for (name, value) in form.headers { headers[FieldName(name)] = value }
            body = RequestBody(form.body)
        case "POST /api/v1/uploads": headers["Upload-Length"] = "5"
        case "PATCH /api/v1/uploads/{id}", "POST /api/v1/uploads/{id}":
            headers[.contentType] = "application/offset+octet-stream"
            headers["Upload-Offset"] = "0"
            if route.method == .post { headers["X-HTTP-Method-Override"] = "PATCH" }
            body = RequestBody("1234")
        default: break
        }
        return Request(method: route.method, target: target, headers: headers, body: body)
    }

    static func oldGrant(for film: VideoID, _ house: AppHouse) -> String {
        house.server.services.videos.foundation.grants.sign(
            Grant(.playback, subject: film, holder: UserID(), session: SessionID(), expiresAt: 1))
    }

    func outcome(of request: Request, _ application: Application) async -> Outcome {
        let response = await application.respond(to: request)
        var code: String?
        if case .bytes(let bytes) = response.body, response.status.code >= 400 {
            code = String(decoding: bytes, as: UTF8.self).firstMatch(of: /"code":"([a-z_]+)"/).map { String($0.1) }
        }
        return Outcome(status: response.status.code, code: code)
    }
}
