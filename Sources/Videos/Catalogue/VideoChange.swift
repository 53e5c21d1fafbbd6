import Accounts

/// The body of `PATCH /videos/{id}`: only the fields that are there change; `null` empties a field that may be empty.
public struct VideoChange: Sendable, Equatable, Decodable {
    /// A field that can be absent, emptied or set.
    public enum Field<Value: Sendable & Equatable & Decodable>: Sendable, Equatable {
        case unchanged, cleared
        case set(Value)
    }

    public var title: String?
    public var description: String?
    public var category: Field<String> = .unchanged
    public var tags: [String]?
    public var people: [String]?
    public var language: Field<String> = .unchanged
    public var recordedOn: Field<String> = .unchanged
    public var chapters: [Chapter]?
    public var isPremium: Bool?
    public var isHidden: Bool?
    public var isFeatured: Bool?
    public var downloads: String?
    /// Ids; empty for everybody.
    public var groups: [String]?
    public var password: Field<String> = .unchanged

    public init() {}

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Takes both spellings of a key, so that it does not matter whether the decoder has turned them around.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        func key(_ names: String...) -> Key? { names.map(Key.init(stringValue:)).first { fields.contains($0) } }
        func value<T: Decodable>(_ names: String..., as type: T.Type = T.self) throws -> T? {
            guard let key = names.map(Key.init(stringValue:)).first(where: { fields.contains($0) }) else { return nil }
            return try fields.decode(T.self, forKey: key)
        }
        func field(_ names: String...) throws -> Field<String> {
            guard let key = names.lazy.compactMap({ key($0) }).first else { return .unchanged }
            guard let text = try fields.decode(String?.self, forKey: key), !text.isEmpty else { return .cleared }
            return .set(text)
        }
        title = try value("title")
        description = try value("description")
        category = try field("category")
        tags = try value("tags")
        people = try value("people")
        language = try field("language")
        recordedOn = try field("recorded_on", "recordedOn")
        chapters = try value("chapters")
        isPremium = try value("is_premium", "isPremium")
        isHidden = try value("is_hidden", "isHidden")
        isFeatured = try value("is_featured", "isFeatured")
        downloads = try value("downloads")
        groups = try value("groups")
        password = try field("password")
    }

    /// The change with every text checked and trimmed.
    func checked() throws -> VideoChange {
        var check = FieldCheck()
        var change = self
        change.title = title.map { check.text($0, "title", limit: VideoDetails.Limit.title) }
        if change.title?.isEmpty == true { check.refuse("title", "required", "A video needs a title.") }
        change.description = description.map {
            check.text($0, "description", limit: VideoDetails.Limit.description, lines: true)
        }
        if case .set(let name) = category {
            change.category = check.word(name, "category").map(Field.set) ?? .cleared
        }
        change.tags = tags.map { check.words($0, "tags") }
        change.people = people.map { check.words($0, "people") }
        if case .set(let text) = language {
            change.language = check.language(text).map { .set($0.text) } ?? .cleared
        }
        if case .set(let text) = recordedOn {
            change.recordedOn = check.day(text, "recorded_on").map { .set("\($0)") } ?? .cleared
        }
        change.groups = groups.map { check.groups($0).map(\.description) }
        change.chapters = chapters.map { check.chapters($0) }
        if let downloads, Video.Downloads(rawValue: downloads) == nil {
            check.refuse("downloads", "invalid_downloads", "none, mp4 or original.")
        }
        if case .set(let text) = password { change.password = check.password(text).map(Field.set) ?? .cleared }
        try check.finish()
        return change
    }
}
