import SQL

/// What ended or changed about a person's right to be here.
public enum AccessChange: Sendable, Equatable {
    /// One sign-in ended; others of the person go on.
    case sessionEnded(SessionID, of: UserID)
    /// The role, the password, a group that they left, or whether the person may be here at all.
    case personChanged(UserID)
    /// They are in one more group, and nothing was taken from them.
    case groupJoined(UserID)
    /// Nobody is in this group any more.
    case groupRemoved(GroupID)
    /// How they are called, or in which language they are spoken to: of their rights nothing changed.
    case profileChanged(UserID)
}

extension AccessChange {
    /// As it is announced.
    var text: String {
        switch self {
        case .sessionEnded(let session, let person): "session \(session) \(person)"
        case .personChanged(let person): "person \(person)"
        case .groupJoined(let person): "joined \(person)"
        case .groupRemoved(let group): "group \(group)"
        case .profileChanged(let person): "profile \(person)"
        }
    }

    init?(text: String) {
        let words = text.split(separator: " ").map(String.init)
        switch words.first {
        case "session":
            guard words.count == 3, let session = SessionID(words[1]), let person = UserID(words[2]) else { return nil }
            self = .sessionEnded(session, of: person)
        case "person":
            guard words.count == 2, let person = UserID(words[1]) else { return nil }
            self = .personChanged(person)
        case "joined":
            guard words.count == 2, let person = UserID(words[1]) else { return nil }
            self = .groupJoined(person)
        case "group":
            guard words.count == 2, let group = GroupID(words[1]) else { return nil }
            self = .groupRemoved(group)
        case "profile":
            guard words.count == 2, let person = UserID(words[1]) else { return nil }
            self = .profileChanged(person)
        default: return nil
        }
    }
}
