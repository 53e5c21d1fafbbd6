import HTTP
import SQL
import Telemetry
import Testing
import Web

@testable import App

@Suite("What the database's errors look like from outside")
struct DatabaseProblemTests {
    private func answer(to code: SQLError.Code) async throws -> InProcessClient.Answer {
        let router = RouterBuilder(log: .silent)
        router.get("/a", access: .public) { _, _ in throw SQLError(code, "disk I/O at users", statement: "SELECT 1") }
        return try await InProcessClient(router.build()).get("/a")
    }

    @Test("A full disk is told as one")
    func diskFull() async throws {
        let answer = try await answer(to: .diskFull)
        #expect(answer.status == .insufficientStorage)
        #expect(answer.text.contains(#""code":"insufficient_storage""#))
    }

    @Test("A locked database is busy")
    func busy() async throws {
        let answer = try await answer(to: .busy)
        #expect(answer.status == .serviceUnavailable && answer.headers[.retryAfter] == "2")
    }

    @Test("All else is an error whose words stay inside", arguments: [SQLError.Code.corrupt, .misuse, .other])
    func others(code: SQLError.Code) async throws {
        let answer = try await answer(to: code)
        #expect(answer.status == .internalServerError)
        #expect(!answer.text.contains("users") && !answer.text.contains("SELECT") && answer.text.contains("error_id"))
    }
}
