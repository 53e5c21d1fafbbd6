import FoundationEssentials
import HTTP
import Reactor
import SQL
import Testing
import Web

@testable import Accounts
@testable import TestSupport

@Suite("Reading the audit")
struct AuditReadingTests {
    struct Page: Decodable {
        struct Entry: Decodable, Equatable {
            struct Actor: Decodable, Equatable {
                var kind: String
                var id: String?
                var name: String?
            }
            struct Target: Decodable, Equatable {
                var kind: String
                var id: String?
                var name: String?
            }
            var id: String
            var at: Date
            var action: String
            var outcome: String
            var actor: Actor
            var target: Target?
            var address: String?
        }
        var data: [Entry]
        var nextCursor: String?
    }

    /// At the beginning of a line, or after its name. Line ends are two characters in one of the formats.
    static var id: Regex<(Substring, Substring)> {
        /(?:^|\n|"id":)"([0-9a-f-]{36})"/.matchingSemantics(.unicodeScalar)
    }

    /// Somebody who may read it.
    static func reader(_ house: SignInHouse) async throws -> Visitor {
        try await house.addUser("root@example.org", role: .admin)
        let reader = house.visitor(from: "198.51.100.7")
        #expect(try await reader.signIn("root@example.org").status == .ok)
        return reader
    }

    static func page(_ reader: Visitor, _ query: String = "") async throws -> Page {
        let answer = try await reader.client.get("/api/v1/admin/audit\(query)")
        #expect(answer.status == .ok, "\(answer.text)")
        return try answer.decode(Page.self)
    }

    @Test("Pages go on where the last one ended, also among entries of one moment")
    func pages() async throws {
        let house = try await SignInHouse()
        let reader = try await Self.reader(house)
        try await house.accounts.database.write { [audit = house.accounts.audit] transaction in
            for number in 0..<45 {
                try audit.record(
                    AuditEvent(.videoRemoved, of: AuditTarget(.video, id: "\(number)"), by: .system), in: transaction)
            }
        }
        var (ids, cursor): ([String], String?) = ([], nil)
        repeat {
            let page = try await Self.page(reader, "?limit=20" + (cursor.map { "&cursor=\($0)" } ?? ""))
            ids += page.data.map(\.id)
            cursor = page.nextCursor
        } while cursor != nil
        #expect(ids.count == 46 && Set(ids).count == 46)
    }

    @Test(
        "Each filter lets through what it says",
        arguments: [
            ("", 5), ("?action=user.signed_in", 1), ("?action=video.removed,video.original_downloaded", 3),
            ("?target=v2", 1), ("?q=ROOT%40example", 4), ("?q=second", 1), ("?q=203.0.113", 3), ("?q=100%25", 0),
            ("?q=video.removed", 2), ("?from=2027-01-15T08:00:10Z", 2), ("?to=2027-01-15T08:00:10Z", 3),
            ("?actor=00000000-0000-7000-8000-000000000000", 0), ("?limit=", 5),
        ])
    func filters(query: String, count: Int) async throws {
        let house = try await SignInHouse()
        let reader = try await Self.reader(house)
        let id = try await house.accounts.database.read { access in
            try access.first("SELECT id FROM users")?.value("id", as: UserID.self)
        }
        let root = AuditOrigin(.person(try #require(id)), from: SocketAddress(host: "203.0.113.9", port: 1))
        func tell(_ action: AuditAction, _ video: String, _ title: String, by origin: AuditOrigin) async throws {
            try await house.accounts.database.write { [audit = house.accounts.audit] in
                try audit.record(
                    AuditEvent(action, of: AuditTarget(.video, id: video, name: title), by: origin), in: $0)
            }
        }
        try await tell(.videoRemoved, "v1", "First", by: root)
        try await tell(.originalDownloaded, "v2", "The Second", by: root)
        house.advance(by: 10)
        try await tell(.videoRemoved, "v3", "Third", by: root)
        try await tell(.settingsChanged, "s", "", by: .system)
        #expect(try await Self.page(reader, query).data.count == count)
        #expect(try await Self.page(reader, "?actor=\(try #require(id))").data.count == 4)
    }

    @Test(
        "A parameter that cannot be read is named",
        arguments: [
            ("limit=0", "limit"), ("limit=101", "limit"), ("cursor=x", "cursor"), ("actor=ann", "actor"),
            ("action=user.danced", "action"), ("from=yesterday", "from"), ("to=2027", "to"),
        ])
    func badParameters(query: String, field: String) async throws {
        let house = try await SignInHouse()
        let reader = try await Self.reader(house)
        for path in ["", "/export"] where !(path == "/export" && (field == "limit" || field == "cursor")) {
            let answer = try await reader.client.get("/api/v1/admin/audit\(path)?\(query)")
            #expect(answer.status.code == 422)
            #expect(answer.text.contains("\"field\":\"\(field)\""))
        }
    }

    @Test("Only administrators read it", arguments: Role.allCases)
    func readers(role: Role) async throws {
        let house = try await SignInHouse()
        try await house.addUser("someone@example.org", role: role)
        let visitor = house.visitor()
        for path in ["/api/v1/admin/audit", "/api/v1/admin/audit/export"] {
            #expect(try await visitor.client.get(path).status.code == 401)
        }
        _ = try await visitor.signIn("someone@example.org")
        for path in ["/api/v1/admin/audit", "/api/v1/admin/audit/export"] {
            #expect(try await visitor.client.get(path).status.code == (role == .admin ? 200 : 403))
        }
    }

    @Test("An export has every entry once, the oldest first, and is told itself", arguments: AuditFormat.allCases)
    func export(format: AuditFormat) async throws {
        let house = try await SignInHouse()
        let reader = try await Self.reader(house)
        house.advance(by: 1)
        try await house.accounts.database.write { [audit = house.accounts.audit] transaction in
            for number in 0..<1_203 {
                try audit.record(
                    AuditEvent(.videoRemoved, of: AuditTarget(.video, name: "=\(number), \"a\"\n"), by: .system),
                    in: transaction)
            }
        }
        house.advance(by: 1)
        let answer = try await reader.client.get("/api/v1/admin/audit/export?format=\(format)&q=video.removed")
        #expect(answer.status == .ok)
        #expect(answer.headers["Content-Disposition"] == "attachment; filename=\"audit.\(format)\"")
        let ids = answer.text.matches(of: Self.id).map { String($0.1) }
        let stored = try await house.accounts.database.read { access in
            try access.query("SELECT id FROM audit WHERE action = 'video.removed' ORDER BY id").map {
                try $0.value("id", as: String.self)
            }
        }
        #expect(ids == stored && ids.count == 1_203)
        if format == .csv {
            #expect(answer.text.hasPrefix("id,at,action,outcome,"))
            #expect(answer.text.contains("\"'=17, \"\"a\"\"\n\""))
            #expect(!answer.text.contains("\"=17"))
        }
        let told = try await Self.page(reader, "?action=audit.exported").data
        #expect(told.count == 1 && told.first?.actor.name == "root@example.org")
        #expect(told.first?.address == "198.51.100.7")
    }

    @Test("Whoever is no administrator any more gets no further piece of an export")
    func demoted() async throws {
        let house = try await AuditHouse()
        try await house.database.write { [audit = house.audit] transaction in
            for _ in 0..<1_203 { try audit.record(AuditHouse.event, in: transaction) }
        }
        house.clock.advance(by: 1)
        var (pieces, asked) = (0, 0)
        try await ExportAudit(house.audit)(
            AuditQuery(), as: .jsonl,
            mayGoOn: {
                asked += 1
                return asked <= 2
            },
            write: { pieces += $0.isEmpty ? 0 : 1 })
        #expect(pieces == 2)
    }

    @Test(
        "No cell is a formula, and none ends before its end",
        arguments: [
            ("plain", "\"plain\""), ("", "\"\""), ("=1+1", "\"'=1+1\""), ("+1", "\"'+1\""), ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""), ("\t=1", "\"'\t=1\""), ("\r=1", "\"'\r=1\""), ("\r\n=1", "\"'\r\n=1\""),
            ("a\"b,c\nd", "\"a\"\"b,c\nd\""), ("\"=1", "\"\"\"=1\""), ("\"\u{301},=1", "\"\"\"\u{301},=1\""),
            ("＝1", "\"'＝1\""), ("a=1", "\"a=1\""),
        ])
    func cells(text: String, cell: String) {
        #expect(AuditFormat.cell(text) == cell)
    }
}
