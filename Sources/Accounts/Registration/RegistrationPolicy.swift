/// Who may make an account without an administrator.
public enum RegistrationPolicy: Sendable, Equatable {
    case closed
    case open
    /// Who has an invitation.
    case invitation
    /// Whose address is in one of these domains, and who has an invitation. In lower case.
    case domains([String])

    public var name: String {
        switch self {
        case .closed: "closed"
        case .open: "open"
        case .invitation: "invitation"
        case .domains: "domains"
        }
    }

    var domains: [String] { if case .domains(let domains) = self { domains } else { [] } }
}
