import BaseEncoding
import HTTP
import Web

/// `/api/v1/admin/groups…`, and the names of groups at `/api/v1/groups`.
struct GroupRoutes: Sendable {
    let groups: ManageGroups
    let list: ListPeople

    func add(to admin: RouterGroup<SignedInContext>) {
        admin.get("/groups") { request, _ in
            let page = try Self.page(request)
            let found = try await groups.list(after: page.cursor, limit: page.limit + 1)
            return try .json(page.body(found, GroupBody.init) { Self.place($0.group) })
        }
        admin.post("/groups") { request, context in
            let name = try await request.decode(GroupNameBody.self).name
            let group = try await groups.create(name, by: context.auditOrigin)
            var response = try Response.json(GroupBody(group, memberCount: 0), status: .created)
            response.headers[.location] = "/api/v1/admin/groups/\(group.id)"
            return response
        }
        admin.get("/groups/{id}") { _, context in
            try .json(GroupBody(try await groups.find(try context.groupID)))
        }
        admin.patch("/groups/{id}") { request, context in
            let name = try await request.decode(GroupNameBody.self).name
            return try .json(GroupBody(try await groups.rename(try context.groupID, name, by: context.auditOrigin)))
        }
        admin.delete("/groups/{id}") { _, context in
            try await groups.remove(try context.groupID, by: context.auditOrigin)
            return .noContent
        }
        admin.get("/groups/{id}/members") { request, context in
            let id = try context.groupID
            _ = try await groups.find(id)
            let page = try PageQuery(request) { ListPeople.Cursor(text: $0) }
            let people = try await list(PeopleFilter(group: id), after: page.cursor, limit: page.limit)
            return try .json(page.body(people, PersonBody.init) { ListPeople.Cursor(after: $0).text })
        }
        admin.put("/groups/{id}/members/{user}") { _, context in
            try await groups.add(try context.memberID, to: try context.groupID, by: context.auditOrigin)
            return .noContent
        }
        admin.delete("/groups/{id}/members/{user}") { _, context in
            try await groups.remove(try context.memberID, from: try context.groupID, by: context.auditOrigin)
            return .noContent
        }
    }

    /// Those who bring videos say for which groups they are. Who is in a group is for administrators only.
    func addNames(to router: RouterBuilder) {
        let names = router.group(
            "/api/v1/groups", access: .role(Role.creator.rawValue), bodyLimit: 0, context: SignedInContext.self)
        names.get("") { request, _ in
            let page = try Self.page(request)
            let found = try await groups.list(after: page.cursor, limit: page.limit + 1)
            return try .json(page.body(found, { NamedGroupBody($0.group) }) { Self.place($0.group) })
        }
    }

    private static func page(_ request: Request) throws -> PageQuery<String> {
        try PageQuery(request) { text in
            Base64.url.decode(text).flatMap { String(validating: $0, as: UTF8.self) }
        }
    }

    private static func place(_ group: Group) -> String { Base64.url.encode(group.name.lowercased().utf8) }
}

extension RequestContext {
    fileprivate var memberID: UserID {
        get throws {
            guard let id = UserID(try parameters.require("user")) else { throw AccountsError.noSuchPerson }
            return id
        }
    }
}
