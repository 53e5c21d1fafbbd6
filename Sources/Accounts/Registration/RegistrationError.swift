import Web

/// Why a registration, or a link, was refused.
enum RegistrationError: Error, Sendable, Equatable {
    case closed
    case domainNotAllowed
    /// Unknown, used, over, taken back, or for another address.
    case noSuchInvitation
    /// Of a verification or a reset: unknown, used or over.
    case noSuchLink
    case noSuchRegistration
}

extension RegistrationError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .closed:
            .forbidden(code: "registration_closed", "Accounts are made by the administrator here. Ask for one.")
        case .domainNotAllowed:
            .forbidden(code: "domain_not_allowed", "Only addresses of certain domains may have an account here.")
        case .noSuchInvitation:
            .notFound(
                code: "invitation_not_found", "This invitation is not good, or not any more. Ask for another one.")
        case .noSuchLink:
            .notFound(code: "link_not_found", "This link is not good, or not any more. Ask for another one.")
        case .noSuchRegistration: .notFound(code: "registration_not_found", "This registration does not wait any more.")
        }
    }
}
