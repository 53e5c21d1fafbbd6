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
        /// Who may change the video, which for all others does not exist.
        case trashKeeper
        /// Creators and administrators.
        case creator
        /// Administrators.
        case administrator
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
        "GET /register": Rule(.anyone, 200), "GET /verify": Rule(.anyone, 200), "GET /forgot": Rule(.anyone, 200),
        "GET /reset": Rule(.anyone, 200), "GET /profile": Rule(.anyone, 200),
        "GET /search": Rule(.anyone, 200), "GET /favorites": Rule(.anyone, 200), "GET /history": Rule(.anyone, 200),
        "GET /category": Rule(.anyone, 200), "GET /person": Rule(.anyone, 200), "GET /tag": Rule(.anyone, 200),
        "GET /tags": Rule(.anyone, 200), "GET /videos/mine": Rule(.anyone, 200),
        "GET /videos/{id}/captions": Rule(.anyone, 200), "GET /administration/vocabulary": Rule(.anyone, 200),
        "GET /trash": Rule(.anyone, 200), "GET /offline": Rule(.anyone, 200),
        "GET /service-worker.js": Rule(.anyone, 200),
        "GET /lists": Rule(.anyone, 200), "GET /lists/{id}": Rule(.anyone, 200),
        "GET /administration": Rule(.anyone, 200), "GET /administration/people": Rule(.anyone, 200),
        "GET /administration/people/{id}": Rule(.anyone, 200), "GET /administration/groups": Rule(.anyone, 200),
        "GET /administration/groups/{id}": Rule(.anyone, 200), "GET /administration/audit": Rule(.anyone, 200),
        "GET /administration/settings": Rule(.anyone, 200), "GET /administration/system": Rule(.anyone, 200),
        "GET /assets/{tree}/{path...}": Rule(.anyone, 200), "GET /healthz": Rule(.anyone, 200),
        "GET /readyz": Rule(.anyone, 200), "GET /metrics": Rule(.anyone, 200),
        "GET /connection": Rule(.anyone, 200), "GET /connection/events": Rule(.anyone, 200),
        "GET /api/v1/openapi.json": Rule(.anyone, 200), "GET /api/v1/openapi.yaml": Rule(.anyone, 200),
        "GET /docs": Rule(.anyone, 200),
        // With the name of no file of Swagger UI's.
        "GET /docs/swagger-ui/{file}": Rule(.anyone, 404),
        "POST /api/v1/auth/login": Rule(.anyone, 200), "POST /api/v1/auth/refresh": Rule(.anyone, 200),
        "POST /api/v1/auth/logout": Rule(.person, 204), "GET /api/v1/auth/me": Rule(.person, 200),
        "PATCH /api/v1/auth/me": Rule(.person, 200),
        // Not allowed in this house.
        "DELETE /api/v1/auth/me": Rule(.person, 403), "GET /api/v1/auth/me/removal": Rule(.person, 403),
        "GET /.well-known/jwks.json": Rule(.anyone, 200),
        // There is no provider in this house, and nobody has an identity.
        "GET /api/v1/auth/oidc/{provider}": Rule(.anyone, 404),
        "GET /api/v1/auth/oidc/{provider}/callback": Rule(.anyone, 404),
        "POST /api/v1/auth/oidc/{provider}/backchannel-logout": Rule(.anyone, 404),
        "POST /api/v1/auth/oidc/logout": Rule(.person, 200), "GET /api/v1/auth/identities": Rule(.person, 200),
        "DELETE /api/v1/auth/identities/{id}": Rule(.person, 404),
        // With a current password that is not right: who is let in is told so.
        "POST /api/v1/auth/password": Rule(.person, 422),
        "GET /api/v1/auth/tokens": Rule(.person, 200), "POST /api/v1/auth/tokens": Rule(.person, 201),
        "DELETE /api/v1/auth/tokens/{id}": Rule(.person, 204),
        "GET /api/v1/admin/audit": Rule(.administrator, 200),
        "GET /api/v1/admin/audit/export": Rule(.administrator, 200),
        "GET /api/v1/admin/settings": Rule(.administrator, 200), "GET /api/v1/admin/system": Rule(.administrator, 200),
        "GET /api/v1/auth/otp": Rule(.person, 200), "POST /api/v1/auth/otp/setup": Rule(.person, 200),
        // With a code that is not right, and where none are on.
        "POST /api/v1/auth/otp/confirm": Rule(.person, 422), "POST /api/v1/auth/otp/disable": Rule(.person, 409),
        "POST /api/v1/auth/otp/recovery-codes": Rule(.person, 409),
        "GET /api/v1/auth/sessions": Rule(.person, 200),
        // Of what is nobody's.
        "DELETE /api/v1/auth/sessions/{id}": Rule(.person, 404),
        "GET /api/v1/admin/users": Rule(.administrator, 200), "POST /api/v1/admin/users": Rule(.administrator, 422),
        "POST /api/v1/admin/users/batch": Rule(.administrator, 422),
        "POST /api/v1/admin/users/import": Rule(.administrator, 422),
        "GET /api/v1/admin/users/{id}": Rule(.administrator, 404),
        "PATCH /api/v1/admin/users/{id}": Rule(.administrator, 404),
        "DELETE /api/v1/admin/users/{id}": Rule(.administrator, 422),
        "GET /api/v1/admin/users/{id}/removal": Rule(.administrator, 404),
        "POST /api/v1/admin/users/{id}/sign-out": Rule(.administrator, 404),
        "POST /api/v1/admin/users/{id}/reset": Rule(.administrator, 404),
        "GET /api/v1/admin/groups": Rule(.administrator, 200), "POST /api/v1/admin/groups": Rule(.administrator, 422),
        "GET /api/v1/admin/groups/{id}": Rule(.administrator, 404),
        "PATCH /api/v1/admin/groups/{id}": Rule(.administrator, 404),
        "DELETE /api/v1/admin/groups/{id}": Rule(.administrator, 404),
        "GET /api/v1/admin/groups/{id}/members": Rule(.administrator, 404),
        "PUT /api/v1/admin/groups/{id}/members/{user}": Rule(.administrator, 404),
        "DELETE /api/v1/admin/groups/{id}/members/{user}": Rule(.administrator, 404),
        // Registration is closed, and no link is known.
        "GET /api/v1/auth/options": Rule(.anyone, 200), "POST /api/v1/auth/register": Rule(.anyone, 403),
        "POST /api/v1/auth/verify": Rule(.anyone, 404), "GET /api/v1/auth/invitations/{token}": Rule(.anyone, 404),
        "POST /api/v1/auth/password/forgot": Rule(.anyone, 202),
        "POST /api/v1/auth/password/reset": Rule(.anyone, 404),
        "GET /api/v1/admin/invitations": Rule(.administrator, 200),
        "POST /api/v1/admin/invitations": Rule(.administrator, 409),
        "DELETE /api/v1/admin/invitations/{id}": Rule(.administrator, 404),
        "GET /api/v1/admin/verifications": Rule(.administrator, 200),
        "POST /api/v1/admin/verifications/{id}/link": Rule(.administrator, 404),
        "GET /api/v1/videos/search": Rule(.person, 200), "GET /api/v1/videos/suggestions": Rule(.person, 200),
        "GET /api/v1/categories": Rule(.person, 200), "POST /api/v1/categories": Rule(.administrator, 422),
        "PATCH /api/v1/categories/{id}": Rule(.administrator, 404),
        "DELETE /api/v1/categories/{id}": Rule(.administrator, 404),
        "GET /api/v1/people": Rule(.person, 200), "POST /api/v1/people": Rule(.administrator, 422),
        "PATCH /api/v1/people/{id}": Rule(.administrator, 404),
        "DELETE /api/v1/people/{id}": Rule(.administrator, 404), "GET /api/v1/tags": Rule(.person, 200),
        "GET /api/v1/videos": Rule(.person, 200), "GET /api/v1/videos/events": Rule(.person, 200),
        // With a file that is no video.
        "POST /api/v1/videos": Rule(.uploader, 422),
        "GET /api/v1/videos/{id}": Rule(.viewer, 200), "PATCH /api/v1/videos/{id}": Rule(.keeper, 200),
        "DELETE /api/v1/videos/{id}": Rule(.keeper, 204), "POST /api/v1/videos/{id}/retry": Rule(.keeper, 202),
        "POST /api/v1/videos/batch": Rule(.person, 422), "POST /api/v1/videos/batch/undo": Rule(.person, 422),
        "DELETE /api/v1/videos/{id}/replacement": Rule(.keeper, 204),
        // Of what was moved there.
        "GET /api/v1/groups": Rule(.creator, 200),
        "GET /api/v1/trash": Rule(.person, 200), "POST /api/v1/trash/{id}/restore": Rule(.trashKeeper, 200),
        "DELETE /api/v1/trash/{id}": Rule(.trashKeeper, 204),
        "GET /api/v1/videos/{id}/original": Rule(.keeper, 200),
        "PUT /api/v1/videos/{id}/poster": Rule(.keeper, 200), "DELETE /api/v1/videos/{id}/poster": Rule(.keeper, 200),
        "GET /api/v1/videos/{id}/related": Rule(.viewer, 200),
        "GET /api/v1/videos/{id}/renditions/{rendition}.mp4": Rule(.keeper, 200),
        "GET /api/v1/videos/{id}/events": Rule(.viewer, 200), "GET /api/v1/videos/{id}/play": Rule(.viewer, 200),
        "POST /api/v1/videos/{id}/progress": Rule(.viewer, 204), "POST /api/v1/videos/{id}/unlock": Rule(.viewer, 200),
        "PUT /api/v1/videos/{id}/favorite": Rule(.viewer, 204),
        "DELETE /api/v1/videos/{id}/favorite": Rule(.viewer, 204),
        "PUT /api/v1/videos/{id}/watched": Rule(.viewer, 204), "DELETE /api/v1/videos/{id}/watched": Rule(.viewer, 204),
        "GET /api/v1/me/favorites": Rule(.person, 200), "GET /api/v1/me/stats": Rule(.person, 200),
        "GET /api/v1/me/history": Rule(.person, 200), "DELETE /api/v1/me/history": Rule(.person, 204),
        "DELETE /api/v1/me/history/{id}": Rule(.person, 204),
        "GET /api/v1/me/playlists": Rule(.person, 200), "POST /api/v1/me/playlists": Rule(.person, 201),
        "GET /api/v1/me/playlists/{id}": Rule(.person, 200), "PATCH /api/v1/me/playlists/{id}": Rule(.person, 200),
        "DELETE /api/v1/me/playlists/{id}": Rule(.person, 204),
        "PUT /api/v1/me/playlists/{id}/videos/{video}": Rule(.viewer, 204),
        "DELETE /api/v1/me/playlists/{id}/videos/{video}": Rule(.person, 204),
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
        "GET /api/v1/videos/{id}/access-sessions": Rule(.keeper, 200),
        "DELETE /api/v1/videos/{id}/access-sessions": Rule(.keeper, 204),
        // Of a film that nobody wrote any for.
        "GET /api/v1/videos/{id}/captions": Rule(.viewer, 200),
        "GET /api/v1/videos/{id}/captions/{language}.vtt": Rule(.viewer, 404),
        "GET /api/v1/videos/{id}/captions/{language}.srt": Rule(.viewer, 404),
        "PUT /api/v1/videos/{id}/captions/{language}": Rule(.keeper, 201),
        "DELETE /api/v1/videos/{id}/captions/{language}": Rule(.keeper, 404),
        "GET /api/v1/videos/{id}/transcript": Rule(.viewer, 404),
        "PUT /api/v1/videos/{id}/transcript": Rule(.keeper, 204),
        "DELETE /api/v1/videos/{id}/transcript": Rule(.keeper, 404),
        "GET /api/v1/videos/{id}/thumbnail.jpg": Rule(.viewer, 200),
        "GET /api/v1/videos/{id}/storyboard.jpg": Rule(.viewer, 200),
        "GET /api/v1/videos/{id}/storyboard.vtt": Rule(.viewer, 200),
        "GET /api/v1/videos/{id}/shares": Rule(.keeper, 200), "POST /api/v1/videos/{id}/shares": Rule(.keeper, 201),
        // Of what is nobody's.
        "DELETE /api/v1/videos/{id}/shares/{share}": Rule(.keeper, 404),
        "GET /s/{token}": Rule(.anyone, 404), "GET /embed/{token}": Rule(.anyone, 404),
        "GET /api/v1/shares/{token}": Rule(.anyone, 404), "POST /api/v1/shares/{token}/play": Rule(.anyone, 404),
        "GET /api/v1/shares/{token}/thumbnail.jpg": Rule(.anyone, 404),
        // Without the address that it asks about.
        "GET /api/v1/oembed": Rule(.anyone, 422),
        "OPTIONS /api/v1/uploads": Rule(.anyone, 204), "OPTIONS /api/v1/uploads/{id}": Rule(.anyone, 204),
        "POST /api/v1/uploads": Rule(.uploader, 201), "HEAD /api/v1/uploads/{id}": Rule(.person, 200),
        "GET /api/v1/uploads/{id}": Rule(.person, 200),
        "PATCH /api/v1/uploads/{id}": Rule(.uploader, 204), "DELETE /api/v1/uploads/{id}": Rule(.person, 204),
        "POST /api/v1/uploads/{id}": Rule(.uploader, 204),
    ]

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
            var signedIn: [Role: HeaderFields] = [:]
            let club = try await house.addGroup(of: .premium)
            for visibility in Self.visibilities {
                try await house.setVisibility(of: things.film, visibility, club)
                for route in house.application.routes {
                    let rule = try #require(Self.rules[route.description], "\(route) is not in the table")
                    for role in [nil] + Role.allCases.map(Optional.some) {
                        let id = try await subject(of: route, role, things, house, visibility, club)
                        // Signed in anew only where the call before may have ended the session: each time costs a hash.
                        if let role, signedIn[role] == nil {
                            signedIn[role] = [.authorization: "Bearer \(try await house.token(of: role))"]
                        }
                        let credential = role.flatMap { signedIn[$0] } ?? HeaderFields()
                        let request = try await request(route, id, role, things, house, by: credential)
                        let outcome = await outcome(of: request, house.application)
                        if let role, route.path.hasPrefix("/api/v1/auth/"), route.method != .get {
                            signedIn[role] = nil
                        }
                        let expected = Self.expected(rule, route, role, visibility)
                        #expect(
                            outcome == expected, "\(route) of \(visibility) for \(role.map(\.rawValue) ?? "nobody")")
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
        of route: Route, _ role: Role?, _ things: Things, _ house: AppHouse, _ visibility: Visibility, _ club: GroupID
    ) async throws -> String {
        if route.path.hasPrefix("/api/v1/uploads/{id}") {
            return try await house.addUpload(of: role ?? .admin).description
        }
        if route.path == "/api/v1/auth/tokens/{id}" {
            return try await house.addToken(of: role ?? .admin, TokenScope.allCases.map(\.rawValue)).token.id
                .description
        }
        if route.path.hasPrefix("/api/v1/me/playlists/{id}") {
            return try await house.addWatchList(of: role ?? .admin).description
        }
        if route.path.hasPrefix("/api/v1/trash/{id}") {
            let id = try await house.addVideo(visibility, club)
            let time = house.database.now
            try await house.database.write { try VideoStore().setTrashed(id, at: time, in: $0) }
            return id.description
        }
        let writes = route.path.contains("/captions/") || route.path.hasSuffix("/transcript")
        let changes =
            route.method == .patch || route.method == .delete || route.path.hasSuffix("/retry")
            || (route.method == .put && writes)
        guard changes, route.path.hasPrefix("/api/v1/videos/{id}") else { return things.film.description }
        return try await house.addVideo(visibility, club).description
    }

    func request(
        _ route: Route, _ id: String, _ role: Role?, _ things: Things, _ house: AppHouse,
        by credential: HeaderFields? = nil
    ) async throws -> Request {
        let rendition = route.path.hasSuffix("captions.vtt") ? "captions0" : things.rendition
        var target = route.path.replacing("{id}", with: id).replacing("{rendition}", with: rendition)
            .replacing("{number}", with: "0").replacing("{grant}", with: Self.oldGrant(for: things.film, house))
            .replacing("{language}", with: "en")
            .replacing("{provider}", with: "nobody").replacing("{token}", with: "x").replacing(
                "{share}", with: "\(ShareID())"
            )
            .replacing("{user}", with: "\(UserID())").replacing("{video}", with: things.film.description)
        if route.path.hasPrefix("/assets/") { target = things.asset }
        var headers: HeaderFields = ["Tus-Resumable": "1.0.0"]
        if let credential {
            headers.append(contentsOf: credential)
        } else if let role {
            headers[.authorization] = "Bearer \(try await house.token(of: role))"
        }
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
        case "POST /api/v1/auth/tokens": json(#"{"name":"T","scopes":["read"],"expires_in_days":1}"#)
        case "POST /api/v1/auth/oidc/{provider}/backchannel-logout":
            headers[.contentType] = "application/x-www-form-urlencoded"
            body = RequestBody("logout_token=a.b.c")
        case "POST /api/v1/auth/otp/setup": json("{}")
        case "POST /api/v1/auth/otp/confirm", "POST /api/v1/auth/otp/disable", "POST /api/v1/auth/otp/recovery-codes":
            json(#"{"code":"000000"}"#)
        case "POST /api/v1/auth/register":
            json(#"{"email":"new@example.org","password":"Another-Horse-8","name":"New"}"#)
        case "POST /api/v1/auth/verify", "POST /api/v1/auth/password/reset":
            json(#"{"token":"x","password":"Another-Horse-8"}"#)
        case "POST /api/v1/auth/password/forgot": json(#"{"email":"new@example.org"}"#)
        case "POST /api/v1/admin/invitations": json(#"{"role":"user","expires_in_days":1}"#)
        case "DELETE /api/v1/auth/me": json("{}")
        case "PATCH /api/v1/auth/me": json(#"{"name":"Name"}"#)
        case "POST /api/v1/admin/users": json(#"{"email":"x","name":"N","role":"user"}"#)
        case "POST /api/v1/admin/users/batch", "POST /api/v1/videos/batch": json(#"{"ids":[]}"#)
        case "POST /api/v1/videos/batch/undo": json(#"{"videos":[]}"#)
        case "PATCH /api/v1/admin/users/{id}": json(#"{"role":"user"}"#)
        case "POST /api/v1/admin/groups", "POST /api/v1/categories", "POST /api/v1/people": json(#"{"name":""}"#)
        case "PATCH /api/v1/categories/{id}", "PATCH /api/v1/people/{id}": json(#"{"name":"N"}"#)
        case "PATCH /api/v1/admin/groups/{id}": json(#"{"name":"N"}"#)
        case "POST /api/v1/me/playlists", "PATCH /api/v1/me/playlists/{id}": json(#"{"name":"N"}"#)
        case "POST /api/v1/videos/{id}/shares": json("{}")
        case "PATCH /api/v1/videos/{id}": json(#"{"title":"T"}"#)
        case "PUT /api/v1/videos/{id}/poster": json(#"{"time":1}"#)
        case "PUT /api/v1/videos/{id}/captions/{language}":
            headers[.contentType] = "text/vtt"
            body = RequestBody("WEBVTT\n\n00:01.000 --> 00:02.000\nWords\n")
        case "PUT /api/v1/videos/{id}/transcript":
            headers[.contentType] = "text/plain"
            body = RequestBody("Words")
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
        house.server.services.videos.viewingRoutes.unlock.grants.sign(
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
