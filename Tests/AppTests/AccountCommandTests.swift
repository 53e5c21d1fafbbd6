import HTTP
import SQL
import Security
import Testing
import Web

@testable import App
@testable import TestSupport
@testable import Videos

@Suite("Accounts from the command line")
struct AccountCommandTests {
    func signIn(_ house: AppHouse, _ password: String) async throws -> Int {
        try await InProcessClient(house.application).send(
            .post, "/api/v1/auth/login", json: ["email": AppHouse.email, "password": password]
        ).status.code
    }

    @Test("A locked account is freed while the server runs")
    func unlocking() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        for _ in 0..<5 { #expect(try await signIn(house, "x") == 401) }
        #expect(try await signIn(house, AppHouse.password) == 423)
        let settings = AppHouse.settings(in: folder)
        let error = try await #require(throws: ServerError.self) {
            try await Server.unlockAccount(settings, email: "nobody@example.org")
        }
        #expect("\(error)" == "There is no account with this address.")
        #expect(try await signIn(house, AppHouse.password) == 423)
        try await Server.unlockAccount(settings, email: AppHouse.email)
        #expect(try await signIn(house, AppHouse.password) == 200)
        await house.server.stop()
    }

    @Test("The server hashes passwords at the cost that is recommended, and the doctor tells it")
    func cost() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        let hash: String? = try await house.database.read { access in
            try access.first("SELECT password_hash FROM users")?.value("password_hash")
        }
        #expect(try #require(hash).hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        let cost = "Argon2id, 19 MiB, 2 passes, 1 lane"
        let videos = house.server.services.videos
        #expect(videos.change.passwords.costText == cost && videos.viewingRoutes.unlock.passwords.costText == cost)
        let findings = try await Doctor(settings: house.server.settings, migrations: []).examine()
        #expect(findings.contains { $0.detail == "hashed by \(cost)" })
        await house.server.stop()
    }
}
