import FoundationEssentials
import Media
import MockKafka
import Reactor
import Testing
import Web

@testable import Accounts
@testable import App
@testable import Bus
@testable import TestSupport
@testable import Videos

/// What other systems are told, against `api/events.yaml`.
@Suite("Facts for other systems")
struct FactsTests {
    private func body(_ text: String) -> (headers: [(String, String)], bytes: [UInt8]) {
        ([("Content-Type", "application/json")], Array(text.utf8))
    }

    private func told(by kafka: MockKafka) async throws -> [JSONValue] {
        let pool = try BlockingPool(name: "reader", threads: 1)
        let messages = try await pool.run { try kafka.messages() }
        await pool.shutdown()
        return try messages.flatMap(\.self).map {
            let fact = try JSONDecoder().decode(JSONValue.self, from: Data($0.value.utf8))
            #expect(fact["key"]?.text == $0.key)
            return fact
        }
    }

    @Test("Everything that happens arrives in Kafka, in order and in the shape that is promised")
    func wholeWay() async throws {
        let (folder, kafka) = (try TemporaryFolder(), try MockKafka())
        let film = try await FeatureTests.film(in: folder)
        let house = try await AppHouse(in: folder) { $0.kafkaBrokers = kafka.brokers }
        let failing = try await house.addVideo()
        var (video, all): (VideoID, [JSONValue]) = (VideoID(), [])
        try await house.addPeople()
        let (creator, admin) = (try await house.person(.creator), try await house.person(.admin))
        try await house.serving { port in
            var client = try await FeatureTests.signedIn(.inProcess, house, port)
            let form = FeatureTests.form(film)
            let made = try await client.send(.post, "/api/v1/videos", form.headers, body: form.body)
            video = try #require(made["id"].flatMap { VideoID($0) })
            try await FeatureTests.whenReady(video, house, progress: 1)
            try await view(video, client)
            client.token = try await changePeople(client, house, creator)
            try await fail(failing, house)
            try await eventually("the view is told, too") {
                all = try await told(by: kafka)
                return all.contains { $0["type"]?.text == "video.viewed" }
            }
            #expect(try await client.send(.delete, "/api/v1/videos/\(video)").status == 204)
            #expect(try await client.send(.post, "/api/v1/trash/\(video)/restore").status == 200)
            for path in ["videos", "trash"] {
                #expect(try await client.send(.delete, "/api/v1/\(path)/\(video)").status == 204)
            }
            #expect(try await client.send(.delete, "/api/v1/admin/users/\(creator)?videos=keep").status == 204)
            try await eventually("all is told") {
                all = try await told(by: kafka)
                return all.contains { $0["type"]?.text == "user.removed" }
            }
        }
        func types(_ key: String) -> [String] { all.filter { $0["key"]?.text == key }.compactMap { $0["type"]?.text } }
        let gone = ["video.removed", "video.restored", "video.removed"]
        #expect(types("\(video)") == ["video.uploaded", "video.ready", "video.viewed"] + gone)
        #expect(
            types("\(failing)") == ["video.failed", "video.ready", "video.failed", "video.replaced", "video.ready"])
        #expect(types("\(admin)") == ["user.created", "user.signed_in", "user.changed", "user.changed"])
        #expect(types("\(creator)") == ["user.changed", "user.changed", "user.removed"])
        let changes = all.compactMap { $0["data"]?["changed"]?.text }
        #expect(changes.sorted() == ["access", "password", "profile", "role"])
        try expectShape(all)
    }

    /// Watches half of the film, which is a view.
    private func view(_ video: VideoID, _ client: WireClient) async throws {
        #expect(try await client.get("/api/v1/videos/\(video)/play").status == 200)
        let report = body(#"{"position":1.5,"played":3}"#)
        try await eventually("half of it was watched") {
            let told = try await client.send(
                .post, "/api/v1/videos/\(video)/progress", report.headers, body: report.bytes)
            #expect(told.status == 204)
            return try await client.get("/api/v1/videos/\(video)").text.contains(#""view_count":1"#)
        }
    }

    /// The token of the sign-in that a new password begins.
    private func changePeople(_ client: WireClient, _ house: AppHouse, _ creator: UserID) async throws -> String? {
        let profile = body(#"{"name":"Somebody Else","locale":"es"}"#)
        #expect(try await client.send(.patch, "/api/v1/auth/me", profile.headers, body: profile.bytes).status == 200)
        try await house.server.services.accounts.changePerson(creator, PersonEdit(role: .premium), by: .system)
        try await house.server.services.accounts.changePerson(creator, PersonEdit(isDisabled: true), by: .system)
        let password = body(#"{"current_password":"\#(AppHouse.password)","new_password":"Another-Horse-8-Battery"}"#)
        let changed = try await client.send(
            .post, "/api/v1/auth/password", password.headers, body: password.bytes)
        #expect(changed.status == 200, "\(changed.text)")
        return changed["access_token"]
    }

    /// Told once each time that a video comes to it.
    private func fail(_ id: VideoID, _ house: AppHouse) async throws {
        let services = house.server.services
        let follow = FollowEncoding(
            events: services.events, facts: services.outbox, audit: services.accounts.audit, keeping: .seconds(60),
            now: { Date() })
        let failure = EncodingProgress.Failure(code: "encoding_failed", detail: "/tmp/secret/path")
        let steps: [EncodingProgress] = [
            EncodingProgress(status: .failed, progress: 0, failure: failure),
            EncodingProgress(status: .failed, progress: 0, failure: failure),
            EncodingProgress(status: .processing, progress: 0), EncodingProgress(status: .ready, progress: 0.5),
            EncodingProgress(status: .ready, progress: 1),
            EncodingProgress(status: .failed, progress: 1, failure: failure),
        ]
        for step in steps {
            try await house.database.write { try follow(step, of: id.firstVersion, in: $0) }
        }
        // Another file takes the place of the one that has failed.
        let version = VideoVersion(
            id: VersionID(), video: id, broughtBy: try await house.person(.creator), checksum: "other", byteCount: 1,
            fileName: "other.mp4", createdAt: Date(), removedAt: nil)
        try await house.database.write { transaction in
            try VersionStore().insert(version, in: transaction)
            try follow(EncodingProgress(status: .ready, progress: 1), of: version.id, in: transaction)
        }
    }

    private func expectShape(_ facts: [JSONValue]) throws {
        let contract = try Schemas(file: "events.yaml")
        let promised = contract.document["components"]?["messages"]?.fields ?? [:]
        #expect(Set(facts.compactMap { $0["type"]?.text }) == Set(promised.keys))
        let listed = contract.document["channels"]?["facts"]?["messages"]?.fields ?? [:]
        #expect(Set(listed.keys) == Set(promised.keys))
        for fact in facts {
            let type = fact["type"]?.text ?? ""
            let schema = try #require(promised[type]?["payload"], "\(type) is not in the contract")
            #expect(contract.mismatches(fact, schema, at: type).isEmpty)
        }
        #expect(Set(facts.compactMap { $0["id"]?.text }).count == facts.count)
        let text = "\(facts)"
        for secret in [AppHouse.email, AppHouse.password, "Somebody", "/tmp/secret", "film.mp4"] {
            #expect(!text.contains(secret), "\(secret)")
        }
    }

    @Test("Sound without a picture, and what is not known of a film, have a shape as well")
    func sparse() throws {
        let contract = try Schemas(file: "events.yaml")
        let time = Date(timeIntervalSince1970: 1_800_000_000)
        var video = Video(
            id: VideoID(), owner: UserID(), title: "\u{1F3B5} \"song\"\n", description: "", category: nil, tags: [],
            people: [], isPremium: true, isHidden: true, passwordHash: "hash", checksum: "", byteCount: 1, fileName: "",
            status: .ready, progress: 1, duration: nil, width: nil, height: nil, kind: .audio, renditions: [],
            failure: nil, warnings: [], viewCount: 0, createdAt: time, updatedAt: time, readyAt: nil)
        var facts = [try Fact.uploaded(video, at: time), try Fact.removed(video, at: time)]
        facts.append(try #require(try Fact.made(video, at: time)))
        video.status = .processing
        #expect(try Fact.made(video, at: time) == nil)
        for fact in facts {
            let value = try JSONDecoder().decode(JSONValue.self, from: Data(fact.json.utf8))
            let type = value["type"]?.text ?? ""
            let schema = try #require(contract.document["components"]?["messages"]?[type]?["payload"])
            #expect(contract.mismatches(value, schema, at: type).isEmpty)
            #expect(value["data"]?["title"]?.text == video.title && value["data"]?["has_password"] == .bool(true))
            #expect(value["time"]?.text == "2027-01-15T08:00:00.000Z" && !fact.json.contains("hash"))
        }
    }

    @Test("Without Kafka nothing is recorded, and nothing is loaded")
    func without() async throws {
        let house = try await AppHouse(in: TemporaryFolder())
        #expect(house.server.services.outbox == nil && house.server.services.kafka == nil)
        let id = try await house.addVideo()
        let services = house.server.services
        try await house.database.write {
            let failed = EncodingProgress(status: .failed, progress: 0, failure: .init(code: "x", detail: ""))
            let follow = FollowEncoding(
                events: services.events, audit: services.accounts.audit, keeping: .seconds(60), now: { Date() })
            try follow(failed, of: id.firstVersion, in: $0)
        }
        #expect(try await house.database.read { try $0.query("SELECT position FROM outbox").isEmpty })
        await house.server.stop()
    }

    @Test("A file of options that cannot be used stops the start, by its line and without what it says")
    func badOptions() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/kafka.conf"
        try Data("sasl.username=palco\nacks=Secret-Horse\n".utf8).write(to: URL(filePath: path))
        let error = await #expect(throws: KafkaError.self) {
            _ = try await AppHouse(in: folder) {
                $0.kafkaBrokers = "127.0.0.1:1"
                $0.kafkaOptions = path
            }
        }
        #expect(error?.description.contains("line 2: acks") == true && error?.description.contains("Horse") == false)
    }
}
