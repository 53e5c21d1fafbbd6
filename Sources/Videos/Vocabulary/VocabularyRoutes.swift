import Accounts
import BaseEncoding
import HTTP
import SQL
import Web

/// Categories, people and tags: what videos are found by.
struct VocabularyRoutes: Sendable {
    let database: Database
    let change: ChangeVocabulary
    private let store = TermStore()

    init(database: Database, change: ChangeVocabulary) {
        self.database = database
        self.change = change
    }

    func add(to router: RouterBuilder) {
        add(.category, at: "/api/v1/categories", to: router)
        add(.person, at: "/api/v1/people", to: router)
        let tags = router.group("/api/v1/tags", access: .signedIn, context: ViewerContext.self)
        tags.get("", limit: .browsing) { request, context in
            let page = try PageQuery<String>(byName: request)
            let found = try await database.scan {
                try store.tags(for: context.viewer, after: page.cursor, limit: page.limit, in: $0)
            }
            return try .json(
                page.body(found, { TagBody(name: $0.name, videoCount: $0.videoCount) }) { PageQuery.place($0.name) })
        }
    }

    private func add(_ kind: Term.Kind, at path: String, to router: RouterBuilder) {
        let terms = router.group(path, access: .signedIn, context: ViewerContext.self)
        terms.get("", limit: .browsing) { request, context in
            let page = try PageQuery<String>(byName: request)
            func named(_ parameter: String) -> String? { request.query[parameter].flatMap { $0.isEmpty ? nil : $0 } }
            let (role, only) = (kind == .person ? named("kind") : nil, named("name"))
            let found = try await database.scan {
                try store.list(
                    kind, for: context.viewer, role: role, only: only, after: page.cursor, limit: page.limit, in: $0)
            }
            return try .json(page.body(found, TermBody.init) { PageQuery.place($0.name) })
        }
        terms.post("", bodyLimit: 4096) { request, context in
            let wish = try await request.decode(TermChange.self)
            let term = try await change.add(kind, wish, by: context.viewer)
            var response = try Response.json(TermBody(term), status: .created)
            response.headers[.location] = "\(path)/\(term.id)"
            return response
        }
        terms.patch("/{id}", bodyLimit: 4096) { request, context in
            let wish = try await request.decode(TermChange.self)
            let term = try await change.change(
                try context.termID, kind, wish, by: context.viewer, from: context.auditOrigin)
            return try .json(TermBody(term))
        }
        terms.delete("/{id}") { _, context in
            try await change.remove(try context.termID, kind, by: context.viewer, from: context.auditOrigin)
            return .noContent
        }
    }
}

extension RequestContext {
    fileprivate var termID: TermID {
        get throws {
            guard let id = parameters["id"].flatMap({ TermID($0) }) else { throw TermError.notFound }
            return id
        }
    }
}

extension PageQuery<String> {
    /// By name: a page begins after the last name of the one before.
    fileprivate init(byName request: Request) throws {
        try self.init(request) { Base64.url.decode($0).flatMap { String(validating: $0, as: UTF8.self) } }
    }

    fileprivate static func place(_ name: String) -> String { Base64.url.encode(name.utf8) }
}

private struct TagBody: Encodable {
    let name: String
    let videoCount: Int

    private enum CodingKeys: String, CodingKey {
        case name
        case videoCount = "video_count"
    }
}

private struct TermBody: Encodable {
    let term: Term

    init(_ term: Term) { self.term = term }

    private enum CodingKeys: String, CodingKey {
        case id, name, kind
        case videoCount = "video_count"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(term.id, forKey: .id)
        try body.encode(term.name, forKey: .name)
        if term.kind == .person { try body.encode(term.role, forKey: .kind) }
        try body.encode(term.videoCount, forKey: .videoCount)
    }
}

extension TermError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .notFound: .notFound(code: "term_not_found", "There is no such entry.")
        case .nameTaken: .conflict(code: "name_taken", "There is an entry of this name already.")
        case .forbidden: .forbidden(code: "forbidden", "Only administrators may do this.")
        }
    }
}
