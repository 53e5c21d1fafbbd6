import FoundationEssentials
import HTTP
import Testing
import Web

@testable import Accounts
@testable import App
@testable import HTTP
@testable import TestSupport
@testable import Videos

/// What a person has open when they are signed out, get a lesser role or may not be here any more.
@Suite("Signed out, demoted or disabled meanwhile")
struct MeanwhileTests {
    enum Fate: String, CaseIterable, Sendable {
        case signedOut, demoted, disabled
    }

    /// A creator who has something open.
    struct Person {
        let house: AppHouse
        let token: String
        let id: UserID

        func headers(_ extra: HeaderFields = [:]) -> HeaderFields {
            var headers = extra
            headers[.authorization] = "Bearer \(token)"
            return headers
        }

        func send(
            _ method: Request.Method, _ path: String, _ headers: HeaderFields = [:], _ body: RequestBody = RequestBody()
        ) async throws -> InProcessClient.Answer {
            try await InProcessClient(house.application).send(
                method, "/api/v1" + path, headers: self.headers(headers), body: body)
        }

        func befall(_ fate: Fate) async throws {
            let accounts = house.server.services.accounts
            switch fate {
            case .signedOut: #expect(try await send(.post, "/auth/logout").status == .noContent)
            case .demoted: _ = try await accounts.changePerson(id, PersonEdit(role: .user), by: .system)
            case .disabled: _ = try await accounts.changePerson(id, PersonEdit(isDisabled: true), by: .system)
            }
        }
    }

    func withPerson(_ body: (Person) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.addPeople()
        let person = Person(
            house: house, token: try await house.token(of: .creator), id: try await house.person(.creator))
        try await body(person)
        await house.server.stop()
    }

    func code(_ answer: InProcessClient.Answer) -> String {
        answer.text.firstMatch(of: /"code":"([a-z_]+)"/).map { String($0.1) } ?? "\(answer.status.code)"
    }

    /// What goes on, and for whom it does not.
    static func refusal(_ fate: Fate) -> String { fate == .demoted ? "upload_not_allowed" : "unauthorized" }

    /// Passes on what a stream says.
    final class Follower: ResponseWriter {
        private let pieces: AsyncStream<String>.Continuation
        init(_ pieces: AsyncStream<String>.Continuation) { self.pieces = pieces }
        func write(_ bytes: [UInt8]) async throws { pieces.yield(String(decoding: bytes, as: UTF8.self)) }
        func keepsGoing() -> Bool { true }
    }

    @Test("A stream of events ends by itself", arguments: Fate.allCases, [true, false])
    func stream(fate: Fate, isOfAll: Bool) async throws {
        try await withPerson { person in
            let id = try await person.house.addVideo()
            let path = isOfAll ? "/api/v1/videos/events" : "/api/v1/videos/\(id)/events"
            let (application, headers) = (person.house.application, person.headers())
            let (pieces, continuation) = AsyncStream.makeStream(of: String.self)
            let following = Task {
                defer { continuation.finish() }
                let response = await application.respond(to: Request(target: path, headers: headers))
                #expect(response.status == .ok)
                if case .stream(_, let produce) = response.body { try await produce(Follower(continuation)) }
            }
            var iterator = pieces.makeAsyncIterator()
            var text = ""
            func change(_ title: String) async throws {
                let administrator = InProcessClient(person.house.application)
                let token = try await person.house.token(of: .admin)
                let answer = try await administrator.send(
                    .patch, "/api/v1/videos/\(id)", headers: ["Authorization": "Bearer \(token)"],
                    json: ["title": title])
                #expect(answer.status == .ok)
            }
            while !text.contains("retry"), let piece = await iterator.next() { text += piece }
            try await change("Before")
            while !text.contains("Before"), let piece = await iterator.next() { text += piece }
            #expect(text.contains("Before"))
            try await person.befall(fate)
            try await change("After")
            while !text.contains("After"), let piece = await iterator.next() { text += piece }
            #expect(!text.contains("After"))
            // It ends by itself: nothing else closes it.
            if !text.contains("After") { try await following.value }
            #expect(person.house.server.services.events.listenerCount == 0)
        }
    }

    @Test("A chunk that is being sent is refused, and the upload does not go on", arguments: Fate.allCases)
    func chunk(fate: Fate) async throws {
        try await withPerson { person in
            let made = try await person.send(.post, "/uploads", ["Tus-Resumable": "1.0.0", "Upload-Length": "12"])
            let address = String(try #require(made.headers[.location]).dropFirst("/api/v1".count))
            let type: HeaderFields = [
                "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream",
            ]
            let body = ActingBody([.piece("VIDEO "), .act { try await person.befall(fate) }, .piece("by tus")])
            let answer = try await person.send(.patch, address, type, RequestBody(source: body))
            #expect(code(answer) == Self.refusal(fate))
            let next = try await person.send(.patch, address, type, RequestBody("VIDEO "))
            #expect(code(next) == (fate == .demoted ? "upload_not_allowed" : "invalid_token"))
        }
    }

    @Test("A form that is being sent is refused, and nothing of it stays", arguments: Fate.allCases)
    func form(fate: Fate) async throws {
        try await withPerson { person in
            let form = FeatureTests.form(Array("Once upon a time".utf8))
            let text = String(decoding: form.body, as: UTF8.self)
            let body = ActingBody([
                .piece(String(text.dropLast(20))), .act { try await person.befall(fate) },
                .piece(String(text.suffix(20))),
            ])
            let answer = try await person.send(
                .post, "/videos", HeaderFields(form.headers.map { (FieldName($0.0), $0.1) }), RequestBody(source: body))
            #expect(code(answer) == Self.refusal(fate))
            let rows: Int? = try await person.house.database.read {
                try $0.first("SELECT COUNT(*) AS count FROM uploads")?.value("count")
            }
            #expect(rows == 0)
        }
    }

    @Test("A playback grant opens nothing any more", arguments: Fate.allCases)
    func grant(fate: Fate) async throws {
        try await withPerson { person in
            let id = try await person.house.addVideo()
            let play = try await person.send(.get, "/videos/\(id)/play").text
            let grant = try #require(play.firstMatch(of: /\/play\\?\/([A-Za-z0-9_-]+)/).map { String($0.1) })
            let stranger = InProcessClient(person.house.application)
            let key = "/api/v1/play/\(grant)/240p/key"
            #expect(code(try await stranger.get(key)) == "part_not_found", "let in, to a video that has no parts")
            try await person.befall(fate)
            #expect(code(try await stranger.get(key)) == "grant_expired")
        }
    }

    @Test("The proof of a video's password proves nothing any more", arguments: Fate.allCases)
    func unlock(fate: Fate) async throws {
        try await withPerson { person in
            let id = try await person.house.addVideo()
            let administrator: HeaderFields = ["Authorization": "Bearer \(try await person.house.token(of: .admin))"]
            let locked = try await InProcessClient(person.house.application).send(
                .patch, "/api/v1/videos/\(id)", headers: administrator, json: ["password": "sesame"])
            #expect(locked.status == .ok)
            let answer = try await person.send(
                .post, "/videos/\(id)/unlock", ["Content-Type": "application/json"],
                RequestBody(#"{"password":"sesame"}"#))
            let proof = try #require(answer.text.firstMatch(of: /"token":"([^"]+)"/).map { String($0.1) })
            #expect(try await person.send(.get, "/videos/\(id)/play", ["X-Video-Unlock": proof]).status == .ok)
            try await person.befall(fate)
            var later = person
            if fate == .signedOut {
                later = Person(
                    house: person.house, token: try await person.house.token(of: .creator), id: person.id)
            }
            let play = try await later.send(.get, "/videos/\(id)/play", ["X-Video-Unlock": proof])
            #expect(code(play) == (fate == .disabled ? "invalid_token" : "video_locked"))
        }
    }
}
