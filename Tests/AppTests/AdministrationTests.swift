import Accounts
import FoundationEssentials
import HTTP
import Testing
import Web

@testable import App
@testable import TestSupport

@Suite("What administrators see of the server")
struct AdministrationTests {
    @Test("Settings and the system, as the contract has them, to administrators alone")
    func overTheWire() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder) { settings in
            settings.given["PALCO_METRICS_TOKEN"] = GivenSetting(value: nil, source: .file)
        }
        try await house.addPeople()
        try await house.serving { port in
            let wire = try await FeatureTests.signedIn(.socket, house, port)
            for path in ["settings", "system", "audit?limit=1", "audit/export", "audit/export?format=jsonl"] {
                #expect(try await wire.get("/api/v1/admin/\(path)").status == 200)
            }
            let stranger = WireClient(ring: .socket, server: house.server, port: port)
            #expect(try await stranger.get("/api/v1/admin/settings").status == 401)
            for role in Role.allCases where role != .admin {
                var person = stranger
                person.token = try await house.token(of: role)
                #expect(try await person.get("/api/v1/admin/settings").status == 403)
                #expect(try await person.get("/api/v1/admin/system").status == 403)
            }
            let client = InProcessClient(house.application)
            client.headers[.authorization] = "Bearer \(try await house.token(of: .admin))"
            let system = try await client.get("/api/v1/admin/system").decode(JSONValue.self)
            #expect(system["version"]?.text == Version.current)
            let isShared = house.database.isShared
            #expect(system["database"]?["name"]?.text == (isShared ? "PostgreSQL" : "SQLite"))
            #expect(system["database"]?["version"]?.text?.contains(".") == true)
            let encoder = try #require(system["encoder"]?.items)
            #expect(encoder.map { $0["name"]?.text } == ["ffmpeg", "ffprobe"])
            #expect(encoder.allSatisfy { $0["version"]?.text?.isEmpty == false })
            let settings = try await client.get("/api/v1/admin/settings").decode(JSONValue.self)
            let token = settings["data"]?.items.first { $0["name"]?.text == "PALCO_METRICS_TOKEN" }
            #expect(token?["value"] == .null && token?["source"]?.text == "file" && token?["is_secret"] == .bool(true))
        }
    }
}
