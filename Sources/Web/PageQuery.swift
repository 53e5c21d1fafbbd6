import HTTP

/// Which page of a list is asked for, and what it is answered with.
public struct PageQuery<Cursor> {
    static var defaultLimit: Int { 20 }
    static var maximumLimit: Int { 100 }

    public let limit: Int
    public let cursor: Cursor?

    /// - Throws: `Problem` that names what cannot be read.
    public init(_ request: Request, cursor parse: (String) -> Cursor?) throws {
        let query = request.query
        let limit = query["limit"].map { Int($0) ?? 0 } ?? Self.defaultLimit
        guard (1...Self.maximumLimit).contains(limit) else {
            throw Problem.invalid(
                field: "limit", code: "invalid_limit", "A number from 1 to \(Self.maximumLimit).")
        }
        self.limit = limit
        guard let text = query["cursor"], !text.isEmpty else {
            cursor = nil
            return
        }
        guard let cursor = parse(text) else {
            throw Problem.invalid(
                field: "cursor", code: "invalid_cursor", "Use the next_cursor of the page before.")
        }
        self.cursor = cursor
    }

    /// - Parameters:
    ///   - found: one more than `limit` where more follow.
    ///   - place: where the page after one begins.
    public func body<Item, Body: Encodable>(
        _ found: [Item], _ body: (Item) -> Body, place: (Item) -> String
    ) -> ListBody<Body> {
        let shown = found.prefix(limit)
        return ListBody(
            data: shown.map(body), nextCursor: found.count > limit ? shown.last.map(place) : nil)
    }
}

extension PageQuery: Sendable where Cursor: Sendable {}

/// One page of a list.
public struct ListBody<Item: Encodable>: Encodable {
    let data: [Item]
    let nextCursor: String?

    public init(data: [Item], nextCursor: String? = nil) {
        self.data = data
        self.nextCursor = nextCursor
    }

    private enum CodingKeys: String, CodingKey { case data, nextCursor = "next_cursor" }

    public func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(data, forKey: .data)
        // Written as null when there is none.
        try body.encode(nextCursor, forKey: .nextCursor)
    }
}
