/// What the audit tells of a person whom somebody makes or changes.
extension AuditEvent {
    /// How somebody came to an account that nobody made for them.
    enum Coming {
        case registration
        case invitation(InvitationID)
        case provider(String)
        case proxy

        fileprivate var details: AuditDetails {
            switch self {
            case .registration: [.method: .name("registration")]
            case .invitation(let id): [.method: .name("invitation"), .invitation: .name("\(id)")]
            case .provider(let name): [.method: .name(SignInMethod.oidc.rawValue), .provider: .name(name)]
            case .proxy: [.method: .name(SignInMethod.proxy.rawValue)]
            }
        }
    }

    /// - Parameter coming: nil where somebody made the account for its person.
    static func made(_ user: User, by origin: AuditOrigin, coming: Coming? = nil) -> AuditEvent {
        let details: AuditDetails = [.role: .role(user.role)]
        return AuditEvent(
            .userCreated, of: AuditTarget(user), by: origin,
            after: details.merging(coming?.details ?? [:]) { first, _ in first })
    }

    /// An identity provider's person and an account come together, or apart.
    static func identity(
        _ action: AuditAction, _ provider: String, of user: User, by origin: AuditOrigin
    ) -> AuditEvent {
        let details: AuditDetails = [.provider: .name(provider)]
        let isLinked = action == .identityLinked
        return AuditEvent(
            action, of: AuditTarget(user), by: origin, before: isLinked ? [:] : details, after: isLinked ? details : [:]
        )
    }

    /// Of the person, whose rights it changes.
    static func joined(_ user: User, _ group: Group, by origin: AuditOrigin) -> AuditEvent {
        AuditEvent(.memberAdded, of: AuditTarget(user), by: origin, after: [.group: .name(group.name)])
    }

    static func left(_ user: User, _ group: Group, by origin: AuditOrigin) -> AuditEvent {
        AuditEvent(.memberRemoved, of: AuditTarget(user), by: origin, before: [.group: .name(group.name)])
    }

    /// An event for each thing that is another than before.
    static func changes(
        from user: User, name: String? = nil, role: Role, isDisabled: Bool, by origin: AuditOrigin
    ) -> [AuditEvent] {
        var events: [AuditEvent] = []
        if let name, name != user.name {
            events.append(
                AuditEvent(
                    .userChanged, of: AuditTarget(user), by: origin, before: [.name: .name(user.name)],
                    after: [.name: .name(name)]))
        }
        if role != user.role {
            events.append(
                AuditEvent(
                    .roleChanged, of: AuditTarget(user), by: origin, before: [.role: .role(user.role)],
                    after: [.role: .role(role)]))
        }
        if isDisabled != user.isDisabled {
            events.append(AuditEvent(isDisabled ? .userDisabled : .userEnabled, of: AuditTarget(user), by: origin))
        }
        return events
    }
}
