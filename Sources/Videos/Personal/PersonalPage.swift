import BaseEncoding
import HTTP
import Identifiers
import SQL

/// Where a page of somebody's own list ends: a number that the list is sorted by, and the id that decides where numbers are equal.
struct PersonalPlace<Thing>: Sendable, Equatable {
    var number: Int64
    var id: Identifier<Thing>

    init(_ number: Int64, _ id: Identifier<Thing>) {
        self.number = number
        self.id = id
    }

    init?(text: String) {
        guard let bytes = Base64.url.decode(text) else { return nil }
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let number = Int64(parts[0]), let id = Identifier<Thing>(String(parts[1])) else {
            return nil
        }
        self.init(number, id)
    }

    var text: String { Base64.url.encode("\(number):\(id)".utf8) }
}

/// Which page is asked for.
struct PersonalQuery<Thing>: Sendable {
    var limit = VideoQuery.defaultLimit
    var place: PersonalPlace<Thing>?

    init(limit: Int = VideoQuery.defaultLimit, after place: PersonalPlace<Thing>? = nil) {
        self.limit = limit
        self.place = place
    }

    /// - Throws: `VideoDetails.Invalid` naming what cannot be read.
    init(_ request: Request) throws {
        var check = FieldCheck()
        let query = request.query
        if let text = query["limit"], !text.isEmpty {
            if let number = Int(text), (1...VideoQuery.maximumLimit).contains(number) {
                limit = number
            } else {
                check.refuse("limit", "invalid_limit", "A number from 1 to \(VideoQuery.maximumLimit).")
            }
        }
        if let text = query["cursor"], !text.isEmpty {
            place = PersonalPlace(text: text)
            if place == nil { check.refuse("cursor", "invalid_cursor", "Use the next_cursor of the page before.") }
        }
        try check.finish()
    }

    /// Newest first: what comes after the place of the page before.
    func goOn(after columns: (number: String, id: String), in conditions: inout SQLConditions) {
        guard let place else { return }
        let (number, id) = (conditions.bind(place.number), conditions.bind(place.id))
        conditions.require(
            "(\(columns.number) < \(number) OR (\(columns.number) = \(number) AND \(columns.id) < \(id)))")
    }
}

/// One page of a list of one's own.
struct PersonalPage<Item: Sendable, Thing>: Sendable {
    var items: [Item]
    var next: PersonalPlace<Thing>?

    init(items: [Item], next: PersonalPlace<Thing>?) {
        self.items = items
        self.next = next
    }
}

/// A page as clients see it.
struct PersonalPageBody<Item: Encodable & Sendable>: Encodable, Sendable {
    var data: [Item]
    var nextCursor: String?

    init<Element, Thing>(_ page: PersonalPage<Element, Thing>, _ body: (Element) -> Item) {
        data = page.items.map(body)
        nextCursor = page.next?.text
    }

    enum CodingKeys: String, CodingKey {
        case data
        case nextCursor = "next_cursor"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(data, forKey: .data)
        // Written as null when there is none.
        try body.encode(nextCursor, forKey: .nextCursor)
    }
}
