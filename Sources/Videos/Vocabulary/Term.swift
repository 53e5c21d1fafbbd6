import FoundationEssentials
import Identifiers

typealias TermID = Identifier<Term>

/// A word that videos are found by and that is the same for all of them: a category, or the name of a person in front of the camera.
struct Term: Sendable, Equatable {
    enum Kind: String, Sendable, CaseIterable {
        case category, person
    }

    let id: TermID
    let kind: Kind
    var name: String
    /// What a person is: `surgeon`, `speaker`, `cast` …
    var role: String?
    /// Whether it was entered by an administrator. What videos brought is shown to those only who may see one of these videos.
    let isListed: Bool
    let createdAt: Date
    /// How many videos that the viewer may see have it.
    var videoCount = 0
}

/// A tag and how many videos that the viewer may see have it.
struct TagCount: Sendable, Equatable {
    let name: String
    let videoCount: Int
}

/// The body by which terms are made and changed.
struct TermChange: Sendable, Decodable {
    var name: String?
    /// Of people.
    var kind: VideoChange.Field<String> = .unchanged
    /// Where another entry has the name already, both become that one.
    var joins = false

    private enum CodingKeys: String, CodingKey { case name, kind, joins }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decodeIfPresent(String.self, forKey: .name)
        joins = try fields.decodeIfPresent(Bool.self, forKey: .joins) ?? false
        guard fields.contains(.kind) else { return }
        kind = try fields.decodeIfPresent(String.self, forKey: .kind).map(VideoChange.Field.set) ?? .cleared
    }

    /// - Throws: `VideoDetails.Invalid`.
    func checked(isNew: Bool) throws -> TermChange {
        var check = FieldCheck()
        var change = self
        change.name = name.flatMap { check.word($0, "name") }
        if change.name == nil, isNew || name != nil { check.refuse("name", "required", "Give it a name.") }
        // Lists are sent with commas between their words.
        if change.name?.contains(",") == true { check.refuse("name", "invalid_characters", "Without commas.") }
        if case .set(let text) = kind { change.kind = check.word(text, "kind").map(VideoChange.Field.set) ?? .cleared }
        try check.finish()
        return change
    }
}

enum TermError: Error, Sendable, Equatable {
    case notFound
    case nameTaken
    case forbidden
}
