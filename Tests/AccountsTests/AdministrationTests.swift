import FoundationEssentials
import HTTP
import SQL
import Synchronization
import Testing
import Web

@testable import Accounts
@testable import TestSupport

@Suite("Administration of people")
struct AdministrationTests {
    let house: SignInHouse
    let admin: Visitor
    let root: User

    init() async throws {
        house = try await SignInHouse()
        root = try await house.addUser("root@example.org", role: .admin)
        admin = house.visitor()
        _ = try await admin.signIn("root@example.org")
    }

    struct Page: Decodable {
        struct Person: Decodable {
            struct Membership: Decodable { let name: String }
            let id: String
            let email: String
            let name: String
            let role: String
            let isDisabled: Bool
            let isLocked: Bool
            let lastSignInAt: String?
            let sessionCount: Int
            let groups: [Membership]
            let providers: [String]
        }
        let data: [Person]
        let nextCursor: String?
    }

    struct Named: Decodable { let id: String }

    private func people(_ query: String = "") async throws -> Page {
        let answer = try await admin.client.get("/api/v1/admin/users\(query)")
        #expect(answer.status == .ok, "\(answer.text)")
        return try answer.decode(Page.self)
    }

    private func send(_ method: Request.Method, _ path: String, _ json: String) async throws -> InProcessClient.Answer {
        var headers = admin.csrf
        headers[.contentType] = "application/json"
        return try await admin.client.send(
            method, "/api/v1/admin\(path)", headers: headers, body: RequestBody(Array(json.utf8)))
    }

    @Test("People are listed by name, page by page, searched and filtered")
    func listing() async throws {
        for number in 0..<7 { try await house.addUser("p\(number)@example.org", role: .premium) }
        try await house.addUser("ольга@пример.рф", role: .creator)
        try await house.addUser("per%cent_@example.org", role: .user)
        var (seen, cursor): ([String], String?) = ([], nil)
        repeat {
            let page = try await people("?limit=4\(cursor.map { "&cursor=\($0)" } ?? "")")
            seen += page.data.map(\.email)
            cursor = page.nextCursor
        } while cursor != nil && seen.count < 50
        #expect(seen.count == 10 && Set(seen).count == 10 && seen == seen.sorted())
        #expect(try await people("?role=premium").data.count == 7)
        #expect(try await people("?q=P3%40EXAMPLE").data.map(\.email) == ["p3@example.org"])
        #expect(try await people("?q=%D0%9E%D0%9B%D0%AC").data.map(\.email) == ["ольга@пример.рф"])
        #expect(try await people("?q=t_").data.map(\.email) == ["per%cent_@example.org"])
        #expect(try await people("?q=%25").data.count == 1)
        for wrong in [
            "limit=0", "limit=101", "cursor=%21", "role=emperor", "state=sad", "group=x",
            "q=" + String(repeating: "x", count: 201),
        ] {
            #expect(
                try await admin.client.get("/api/v1/admin/users?\(wrong)").status == .unprocessableContent, "\(wrong)")
        }
        let visitor = house.visitor()
        #expect(try await visitor.client.get("/api/v1/admin/users").status == .unauthorized)
        _ = try await visitor.signIn("p1@example.org")
        #expect(try await visitor.client.get("/api/v1/admin/users").status == .forbidden)
    }

    @Test("Open sign-ins and linked providers are told, of each person their own")
    func waysIn() async throws {
        let ann = try await house.addUser()
        try await house.addUser("bob@example.org")
        for _ in 0..<2 { _ = try await house.visitor().signIn() }
        let moment = house.now
        try await house.accounts.database.write { transaction in
            for (number, provider) in ["house", "google", "house"].enumerated() {
                try IdentityStore().insert(
                    Identity(
                        id: IdentityID(), userID: ann.id, provider: provider, issuer: "https://\(provider).test",
                        subject: "\(number)", email: nil, createdAt: moment), in: transaction)
            }
        }
        let found = try await people().data
        #expect(found.map(\.email) == ["ann@example.org", "bob@example.org", "root@example.org"])
        #expect(found.map(\.sessionCount) == [2, 0, 1])
        #expect(found.map(\.providers) == [["google", "house"], [], []])
        let one = try await admin.client.get("/api/v1/admin/users/\(ann.id)").decode(Page.Person.self)
        #expect(one.sessionCount == 2 && one.providers == ["google", "house"])
        // What is over does not count, removed or not.
        try await house.accounts.database.write {
            _ = try $0.execute("UPDATE sessions SET expires_at = $1 WHERE user_id = $2", moment, ann.id)
        }
        #expect(try await people("?q=ann@").data.map(\.sessionCount) == [0])
    }

    @Test("A person is made, changed, kept out, let in and signed out")
    func changing() async throws {
        let made = try await send(
            .post, "/users",
            #"{"email":"New@Example.org","name":" Nell ","role":"creator","password":"Correct-Horse-7"}"#)
        #expect(made.status == .created, "\(made.text)")
        let id = try #require(try await people("?q=nell").data.first?.id)
        #expect(made.headers[.location] == "/api/v1/admin/users/\(id)")
        #expect(
            try await send(.post, "/users", #"{"email":"new@example.org","name":"N","role":"user"}"#).refusal.code
                == "email_taken")
        for wrong in [
            #"{"email":"x","name":"N","role":"user"}"#, #"{"email":"x@y.z","name":" ","role":"user"}"#,
            #"{"email":"x@y.z","name":"N","role":"root"}"#,
            #"{"email":"x@y.z","name":"N","role":"user","password":"short"}"#,
            #"{"email":"x@y.z","name":"N","role":"user","locale":"?"}"#,
        ] { #expect(try await send(.post, "/users", wrong).status == .unprocessableContent, "\(wrong)") }

        let person = house.visitor()
        #expect(try await person.signIn("new@example.org").status == .ok)
        let changed = try await send(.patch, "/users/\(id)", #"{"name":"Nora","role":"premium"}"#)
        let now = try changed.decode(Page.Person.self)
        #expect(now.name == "Nora" && now.role == "premium" && now.lastSignInAt != nil)
        #expect(try await people("?q=nora").data.count == 1)
        #expect(try await people("?q=nell").data.isEmpty)
        #expect(try await person.client.get("/least/premium").status == .ok)
        #expect(try await person.client.get("/least/creator").status == .forbidden)
        #expect(try await send(.post, "/users/\(id)/sign-out", "").status == .noContent)
        #expect(try await person.client.get("/least/premium").status == .unauthorized)
        _ = try await send(.patch, "/users/\(id)", #"{"disabled":true}"#)
        #expect(try await person.signIn("new@example.org").refusal.code == "account_disabled")
        #expect(try await people("?state=disabled").data.map(\.id) == [id])
        _ = try await send(.patch, "/users/\(id)", #"{"disabled":false}"#)
        for _ in 0..<5 { _ = try await person.signIn("new@example.org", "x") }
        #expect(try await person.signIn("new@example.org").status == .locked)
        #expect(try await people("?state=locked").data.map(\.id) == [id])
        _ = try await send(.patch, "/users/\(id)", #"{"unlock":true}"#)
        #expect(try await people("?state=locked").data.isEmpty)
        #expect(try await person.signIn("new@example.org").status == .ok)
        let nobody = UserID()
        #expect(try await send(.patch, "/users/\(nobody)", #"{"role":"user"}"#).refusal.code == "user_not_found")
        #expect(try await admin.client.get("/api/v1/admin/users/x").status == .notFound)
    }

    @Test("Who was given no password, or has lost it, chooses one by a link")
    func links() async throws {
        struct Answer: Decodable {
            var link: String
            var mailed: Bool
        }
        func choose(_ password: String, by link: String) async throws -> Response.Status {
            let token = link.split(separator: "#token=").last.map(String.init) ?? ""
            let answer = try await house.visitor().reset(token, password)
            return answer.status
        }
        let made = try await send(.post, "/users", #"{"email":"new@example.org","name":"N","role":"user"}"#)
        let first = try made.decode(Answer.self)
        #expect(made.status == .created && !first.mailed)
        #expect(try await choose("Correct-Horse-7", by: first.link) == .noContent)
        #expect(try await house.visitor().signIn("new@example.org").status == .ok)
        let id = try #require(try await people("?q=new").data.first?.id)
        let second = try await send(.post, "/users/\(id)/reset", "").decode(Answer.self)
        #expect(try await house.visitor().signIn("new@example.org").status == .ok)
        #expect(try await choose("Another-Horse-8", by: second.link) == .noContent)
        #expect(try await choose("Another-Horse-9", by: second.link) == .notFound)
        #expect(try await house.visitor().signIn("new@example.org").status == .unauthorized)
        #expect(try await house.visitor().signIn("new@example.org", "Another-Horse-8").status == .ok)
    }

    @Test("The last administrator can neither sink, nor be kept out, nor go")
    func lastAdministrator() async throws {
        for change in [#"{"role":"user"}"#, #"{"disabled":true}"#] {
            #expect(try await send(.patch, "/users/\(root.id)", change).refusal.code == "last_administrator")
        }
        let other = try await house.addUser("second@example.org", role: .admin)
        _ = try await send(.patch, "/users/\(other.id)", #"{"disabled":true}"#)
        #expect(try await send(.patch, "/users/\(root.id)", #"{"role":"user"}"#).refusal.code == "last_administrator")
        _ = try await send(.patch, "/users/\(other.id)", #"{"disabled":false}"#)
        #expect(try await send(.delete, "/users/\(root.id)?videos=keep", "").refusal.code == "own_account")
        #expect(try await send(.patch, "/users/\(root.id)", #"{"role":"user"}"#).status == .ok)
        #expect(try await admin.client.get("/api/v1/admin/users").status == .forbidden)
    }

    @Test("Of two administrators who sink each other at the same time one stays")
    func mutualDemotion() async throws {
        for round in 0..<10 {
            let house = try await SignInHouse()
            let (one, two) = (
                try await house.addUser("one@example.org", role: .admin),
                try await house.addUser("two@example.org", role: .admin)
            )
            let accounts = house.accounts
            let done = await withTaskGroup(of: Bool.self) { group in
                for id in [one.id, two.id] {
                    group.addTask {
                        (try? await accounts.changePerson(id, PersonEdit(role: .user), by: .system)) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(done == 1, "round \(round)")
            #expect(try await accounts.listPeople(PeopleFilter(role: .admin), after: nil, limit: 5).count == 1)
        }
    }

    @Test("Many are changed at once, and what is refused is told")
    func batch() async throws {
        var ids: [String] = []
        for number in 0..<3 { ids.append("\(try await house.addUser("p\(number)@example.org").id)") }
        let strange = UserID()
        let group = try await send(.post, "/groups", #"{"name":"Ward 3"}"#).decode(Named.self).id
        let list = (ids + [ids[0], "\(root.id)", "\(strange)"]).map { "\"\($0)\"" }.joined(separator: ",")
        let answer = try await send(
            .post, "/users/batch", #"{"ids":[\#(list)],"role":"premium","add_group":"\#(group)"}"#)
        #expect(answer.status == .ok, "\(answer.text)")
        #expect(answer.text.contains(#""changed":3"#))
        #expect(answer.text.contains("last_administrator") && answer.text.contains("user_not_found"))
        let premium = try await people("?role=premium&group=\(group)").data
        #expect(premium.count == 3 && premium.allSatisfy { $0.groups.map(\.name) == ["Ward 3"] })
        #expect(try await people("?group=\(group)").data.count == 3, "what was refused was not done in part")
        let gone = #"{"ids":["\#(ids[0])"],"add_group":"\#(GroupID())"}"#
        #expect(try await send(.post, "/users/batch", gone).refusal.code == "group_not_found")
        #expect(try await send(.post, "/users/batch", #"{"ids":[]}"#).status == .unprocessableContent)
    }

    @Test("Groups are made, named, filled and removed")
    func groups() async throws {
        let person = try await house.addUser("p@example.org")
        let group = try await send(.post, "/groups", #"{"name":"Surgeons"}"#).decode(Named.self).id
        #expect(try await send(.post, "/groups", #"{"name":"SURGEONS"}"#).refusal.code == "group_name_taken")
        #expect(try await send(.post, "/groups", #"{"name":" "}"#).status == .unprocessableContent)
        let other = try await send(.post, "/groups", #"{"name":"Nurses"}"#).decode(Named.self).id
        #expect(try await send(.patch, "/groups/\(other)", #"{"name":"surgeons"}"#).refusal.code == "group_name_taken")
        #expect(try await send(.patch, "/groups/\(group)", #"{"name":"surgeons"}"#).status == .ok)
        for _ in 0..<2 {
            #expect(try await send(.put, "/groups/\(group)/members/\(person.id)", "").status == .noContent)
        }
        #expect(try await send(.put, "/groups/\(group)/members/\(UserID())", "").status == .notFound)
        let members = try await admin.client.get("/api/v1/admin/groups/\(group)/members").decode(Page.self)
        #expect(members.data.map(\.email) == ["p@example.org"])
        let list = try await admin.client.get("/api/v1/admin/groups?limit=1")
        #expect(list.text.contains("Nurses") && !list.text.contains("surgeons"))
        let cursor = try list.decode(Cursor.self).nextCursor ?? "?"
        let next = try await admin.client.get("/api/v1/admin/groups?limit=1&cursor=\(cursor)")
        #expect(next.text.contains(#""member_count":1"#) && next.text.contains(#""next_cursor":null"#))
        #expect(try await send(.delete, "/groups/\(group)/members/\(person.id)", "").status == .noContent)
        #expect(try await admin.client.get("/api/v1/admin/groups/\(group)").text.contains(#""member_count":0"#))
        #expect(try await send(.delete, "/groups/\(group)", "").status == .noContent)
        #expect(try await admin.client.get("/api/v1/admin/groups/\(group)").status == .notFound)
    }

    struct Cursor: Decodable { let nextCursor: String? }
}

@Suite("Lists of people")
struct ImportTests {
    let house: SignInHouse

    init() async throws { house = try await SignInHouse() }

    private func take(_ text: String, isDryRun: Bool = false) async throws -> ImportPeople.Outcome {
        try await house.accounts.importPeople(Array(text.utf8), isDryRun: isDryRun, by: .system)
    }

    @Test("Each line makes a person or changes one, or is refused by itself")
    func lines() async throws {
        let ann = try await house.addUser(role: .admin)
        let hash = try await Argon2idSample.hash(of: "Carried-Over-9").encoded
        let list = """
            \u{FEFF}email,name,role,groups,password_hash\r
            new@example.org,"Nell, ""the"" New",creator,Ward 3|Night,"\(hash)"\r
            ann@example.org,,user,,\r
            ANN@example.org,Ann Again,,,
            bad,,,,
            other@example.org,Oz,emperor,,
            third@example.org,,,,nonsense
            last@example.org,,,ward 3,

            """
        let dry = try await take(list, isDryRun: true)
        #expect(dry.created == 2 && dry.updated == 0)
        #expect(try await house.accounts.listPeople(PeopleFilter(), after: nil, limit: 9).count == 1)
        let outcome = try await take(list)
        #expect(outcome.created == 2 && outcome.updated == 0)
        #expect(outcome.refused.map(\.line) == [3, 4, 5, 6, 7])
        #expect(
            outcome.refused.map(\.problem.code) == ["last_administrator", "repeated", "invalid", "invalid", "invalid"])
        let people = try await house.accounts.listPeople(PeopleFilter(), after: nil, limit: 9)
        #expect(people.map(\.user.name) == ["Ann", "last", #"Nell, "the" New"#])
        #expect(people.map { $0.groups.map(\.name) } == [[], ["Ward 3"], ["Night", "Ward 3"]])
        #expect(people[0].user == ann && people[2].user.role == .creator && people[1].user.role == .user)
        #expect(try await house.visitor().signIn("new@example.org", "Carried-Over-9").status == .ok)
        let again = try await take("email;name\nnew@example.org;Nell\n")
        #expect(again.updated == 1 && again.refused.isEmpty)
        #expect(try await house.visitor().signIn("new@example.org", "Carried-Over-9").status == .ok)
    }

    @Test(
        "What is no list is refused as a whole",
        arguments: [
            ("", "empty"), ("name\nx\n", "no_header"), ("email,age\n", "unknown_column"), ("email\n\"x\n", "quotation"),
            ("email\nx\"y\n", "quotation"), ("email\n" + String(repeating: "a@b.c\n", count: 20_001), "too_many_lines"),
        ])
    func refused(text: String, code: String) async throws {
        let problem = await #expect(throws: Problem.self) { try await take(text) }
        #expect(problem?.errors.first?.code == code)
    }

    @Test("Bytes that are no text are refused")
    func notText() async throws {
        let problem = await #expect(throws: Problem.self) {
            try await house.accounts.importPeople([0x65, 0xFF], isDryRun: false, by: .system)
        }
        #expect(problem?.errors.first?.code == "not_utf8")
    }
}

@Suite("Removal of a person")
struct RemovalTests {
    private final class Told: Sendable {
        let calls = Mutex<[String]>([])
        func say(_ text: String) { calls.withLock { $0.append(text) } }
    }

    @Test("First kept out, then what is theirs goes, then the account")
    func order() async throws {
        let house = try await SignInHouse()
        let root = try await house.addUser("root@example.org", role: .admin)
        let ann = try await house.addUser()
        let visitor = house.visitor()
        _ = try await visitor.signIn()
        let told = Told()
        let accounts = house.accounts
        let remove = RemovePerson(
            database: accounts.database, change: accounts.changePerson, changes: accounts.changes,
            belongings: PersonBelongings(
                count: { _, _ in Belongings(videos: 2, unfinishedUploads: 1, watchPositions: 3) },
                handOver: { from, to, _ in told.say("hand over \(from == ann.id) \(to == root.id)") },
                remove: { person, withVideos in
                    let isDisabled = try await accounts.findPerson(person)?.isDisabled
                    told.say("remove \(withVideos) \(isDisabled == true)")
                }), facts: accounts.facts, audit: accounts.audit, log: .silent)
        #expect(try await remove.preview(ann.id).belongings.videos == 2)
        try await remove(ann.id, .keep, heir: root.id, by: .system)
        #expect(told.calls.withLock { $0 } == ["remove false true", "hand over true true"])
        #expect(try await accounts.findPerson(ann.id) == nil)
        #expect(try await visitor.signIn().refusal.code == "bad_credentials")
        let rows = try await accounts.database.read { access in
            try ["sessions", "refresh_tokens"].map { try access.query("SELECT * FROM \($0)").count }
        }
        #expect(rows == [0, 0])
        await #expect(throws: AccountsError.noSuchPerson) {
            try await remove(ann.id, .remove, heir: root.id, by: .system)
        }
        await #expect(throws: AccountsError.lastAdministrator) {
            try await remove(root.id, .remove, heir: root.id, by: .system)
        }
        #expect(try await accounts.findPerson(root.id)?.isDisabled == false)
    }
}
