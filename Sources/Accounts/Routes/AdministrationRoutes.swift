import BaseEncoding
import HTTP
import Web

/// `/api/v1/admin/users…` and `/groups…`: the people of the house, for its administrators.
struct AdministrationRoutes: Sendable {
    let list: ListPeople
    let create: CreatePerson
    let change: ChangePerson
    let changeMany: ChangePeople
    let remove: RemovePerson
    let importing: ImportPeople
    let endSession: EndSession
    let issueReset: IssuePasswordReset
    let groups: ManageGroups

    func add(to router: RouterBuilder) {
        let admin = router.group(
            "/api/v1/admin", access: .role(Role.admin.rawValue), bodyLimit: 64 << 10, context: SignedInContext.self)
        addPeople(to: admin)
        let groupRoutes = GroupRoutes(groups: groups, list: list)
        groupRoutes.add(to: admin)
        groupRoutes.addNames(to: router)
    }

    private func addPeople(to admin: RouterGroup<SignedInContext>) {
        admin.get("/users") { request, _ in
            let page = try PageQuery(request) { ListPeople.Cursor(text: $0) }
            let people = try await list(try PeopleFilter(request), after: page.cursor, limit: page.limit)
            return try .json(page.body(people, PersonBody.init) { ListPeople.Cursor(after: $0).text })
        }
        admin.post("/users") { request, context in
            let body = try await request.decode(NewPersonBody.self)
            let user = try await create(try body.person, by: context.auditOrigin)
            let issued =
                body.password == nil
                ? try await issueReset(for: user, isFirst: true, by: context.auditOrigin) : nil
            var response = try Response.json(CreatedPersonBody(user, issued), status: .created)
            response.headers[.location] = "/api/v1/admin/users/\(user.id)"
            return response
        }
        admin.post("/users/batch", bodyLimit: 64 << 10) { request, context in
            let body = try await request.decode(BatchBody.self)
            let outcome = try await changeMany(try body.people, try body.edit, by: context.auditOrigin)
            return try .json(BatchOutcomeBody(outcome))
        }
        admin.post("/users/import", bodyLimit: ImportPeople.mostBytes) { request, context in
            let bytes = try await request.body.collect(upTo: ImportPeople.mostBytes)
            let outcome = try await importing(
                bytes, isDryRun: request.query["dry_run"] == "1", by: context.auditOrigin)
            return try .json(ImportOutcomeBody(outcome))
        }
        admin.get("/users/{id}") { _, context in try .json(PersonBody(try await list.one(try context.personID))) }
        admin.patch("/users/{id}") { request, context in
            let id = try context.personID
            _ = try await list.one(id)
            try await change(id, try await request.decode(PersonEditBody.self).edit, by: context.auditOrigin)
            return try .json(PersonBody(try await list.one(id)))
        }
        admin.get("/users/{id}/removal") { _, context in
            let (user, belongings) = try await remove.preview(try context.personID)
            return try .json(RemovalBody(user, belongings))
        }
        admin.delete("/users/{id}") { request, context in
            guard let videos = RemovePerson.Videos(rawValue: request.query["videos"] ?? "") else {
                throw Problem.invalid(
                    field: "videos", code: "required",
                    "Say what becomes of the person's videos: remove, or keep in your name.")
            }
            let id = try context.personID
            guard id != context.userID else {
                throw Problem.conflict(
                    code: "own_account", "You cannot remove your own account here; another administrator can.")
            }
            try await remove(id, videos, heir: context.userID, by: context.auditOrigin)
            return .noContent
        }
        admin.post("/users/{id}/reset") { _, context in
            let user = try await list.one(try context.personID).user
            return try .json(IssuedResetBody(try await issueReset(for: user, by: context.auditOrigin)))
        }
        admin.post("/users/{id}/sign-out") { _, context in
            let id = try context.personID
            _ = try await list.one(id)
            try await endSession.all(of: id, by: context.auditOrigin)
            return .noContent
        }
    }
}

extension RequestContext {
    /// What is no id belongs to nobody.
    var personID: UserID {
        get throws {
            guard let id = UserID(try parameters.require("id")) else { throw AccountsError.noSuchPerson }
            return id
        }
    }

    var groupID: GroupID {
        get throws {
            guard let id = GroupID(try parameters.require("id")) else { throw AccountsError.noSuchGroup }
            return id
        }
    }
}

extension PeopleFilter {
    /// - Throws: `Problem` that names what cannot be read.
    init(_ request: Request) throws {
        let query = request.query
        func read<T>(_ name: String, _ detail: String, _ parse: (String) -> T?) throws -> T? {
            guard let text = query[name], !text.isEmpty else { return nil }
            guard let value = parse(text) else { throw Problem.invalid(field: name, code: "invalid", detail) }
            return value
        }
        text = try read("q", "At most 200 characters.") { $0.count <= 200 ? $0 : nil }
        role = try read("role", "user, premium, creator or admin.", Role.init(rawValue:))
        state = try read("state", "active, disabled, locked or unverified.", State.init(rawValue:))
        group = try read("group", "The id of a group.") { GroupID($0) }
    }
}

extension ListPeople.Cursor {
    public init(after person: Person) { self.init(searchText: person.user.searchText, id: person.user.id) }

    init?(text: String) {
        guard let bytes = Base64.url.decode(text), let decoded = String(validating: bytes, as: UTF8.self),
            let separator = decoded.firstIndex(of: " "), let id = UserID(String(decoded[..<separator]))
        else { return nil }
        self.init(searchText: String(decoded[decoded.index(after: separator)...]), id: id)
    }

    var text: String { Base64.url.encode("\(id) \(searchText)".utf8) }
}
