import FoundationEssentials
import Web

/// A person as administrators see them.
public struct PersonBody: Encodable {
    private let person: Person

    public init(_ person: Person) { self.person = person }

    private enum CodingKeys: String, CodingKey {
        case isDisabled, isLocked, lastSignInAt, sessionCount, groups, providers
    }

    public func encode(to encoder: any Encoder) throws {
        try UserBody(person.user).encode(to: encoder)
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(person.user.isDisabled, forKey: .isDisabled)
        try body.encode(person.isLocked, forKey: .isLocked)
        try body.encode(person.lastSignInAt, forKey: .lastSignInAt)
        try body.encode(person.sessionCount, forKey: .sessionCount)
        try body.encode(person.groups.map(NamedGroupBody.init), forKey: .groups)
        try body.encode(person.providers, forKey: .providers)
    }
}

struct NewPersonBody: Decodable {
    let email: String
    let name: String
    let role: String
    let locale: String?
    let password: String?

    var person: NewPerson {
        get throws {
            NewPerson(email: email, name: name, role: try Role(field: role), locale: locale, password: password)
        }
    }
}

struct CreatedPersonBody: Encodable {
    let user: UserBody
    /// Of who was given no password: by it they choose one.
    let link: String?
    let mailed: Bool?

    init(_ user: User, _ issued: IssuedReset?) {
        self.user = UserBody(user)
        link = issued?.link
        mailed = issued?.wasMailed
    }
}

/// A link by which a person chooses a password, told this once.
struct IssuedResetBody: Encodable {
    let link: String
    let mailed: Bool

    init(_ issued: IssuedReset) { (link, mailed) = (issued.link, issued.wasMailed) }
}

struct PersonEditBody: Decodable {
    let name: String?
    let role: String?
    let disabled: Bool?
    let unlock: Bool?
    let otpEnabled: Bool?

    var edit: PersonEdit {
        get throws {
            if otpEnabled == true {
                throw Problem.invalid(
                    field: "otp_enabled", code: "not_changeable", "Only the person can set up their one-time codes.")
            }
            return PersonEdit(
                name: name, role: try role.map { try Role(field: $0) }, isDisabled: disabled,
                isUnlocked: unlock ?? false, losesOTP: otpEnabled == false)
        }
    }
}

struct BatchBody: Decodable {
    let ids: [UserID]
    let role: String?
    let disabled: Bool?
    let addGroup: GroupID?
    let removeGroup: GroupID?

    /// Each once.
    var people: [UserID] {
        get throws {
            guard (1...ChangePeople.most).contains(ids.count) else {
                throw Problem.invalid(field: "ids", code: "invalid", "From 1 to \(ChangePeople.most) people.")
            }
            var seen: Set<UserID> = []
            return ids.filter { seen.insert($0).inserted }
        }
    }

    var edit: PeopleEdit {
        get throws {
            PeopleEdit(
                person: PersonEdit(role: try role.map { try Role(field: $0) }, isDisabled: disabled),
                addedGroup: addGroup, removedGroup: removeGroup)
        }
    }
}

struct BatchOutcomeBody: Encodable {
    struct Refused: Encodable {
        let id: UserID
        let code: String
    }

    let changed: Int
    let refused: [Refused]

    init(_ outcome: ChangePeople.Outcome) {
        changed = outcome.changed
        refused = outcome.refused.map { Refused(id: $0.id, code: $0.code) }
    }
}

/// What would go with an account, and what stays.
struct RemovalBody: Encodable {
    let user: UserBody
    let videos: Int
    let unfinishedUploads: Int
    let watchPositions: Int
    let favorites: Int
    let playlists: Int

    init(_ user: User, _ belongings: Belongings) {
        self.user = UserBody(user)
        videos = belongings.videos
        unfinishedUploads = belongings.unfinishedUploads
        watchPositions = belongings.watchPositions
        favorites = belongings.favorites
        playlists = belongings.playlists
    }
}

struct GroupNameBody: Decodable {
    let name: String
}

struct NamedGroupBody: Encodable {
    let id: GroupID
    let name: String

    init(_ group: Group) { (id, name) = (group.id, group.name) }
}

struct GroupBody: Encodable {
    let id: GroupID
    let name: String
    let createdAt: Date
    let memberCount: Int

    init(_ group: Group, memberCount: Int) {
        (id, name, createdAt) = (group.id, group.name, group.createdAt)
        self.memberCount = memberCount
    }

    init(_ found: (group: Group, memberCount: Int)) { self.init(found.group, memberCount: found.memberCount) }
}

public struct ImportOutcomeBody: Encodable {
    struct Refused: Encodable {
        let line: Int
        let email: String
        let code: String
        let detail: String?
    }

    let created: Int
    let updated: Int
    let refused: [Refused]

    public init(_ outcome: ImportPeople.Outcome) {
        (created, updated) = (outcome.created, outcome.updated)
        refused = outcome.refused.map {
            Refused(line: $0.line, email: $0.email, code: $0.problem.code, detail: $0.problem.detail)
        }
    }
}

extension Role {
    /// - Throws: `Problem` that names the field.
    init(field text: String) throws {
        guard let role = Role(rawValue: text) else {
            throw Problem.invalid(field: "role", code: "invalid", "user, premium, creator or admin.")
        }
        self = role
    }
}
