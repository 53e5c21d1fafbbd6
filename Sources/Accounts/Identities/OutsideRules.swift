import OpenIDConnect
import SQL

/// What the operator lets a provider's people do here.
public struct OutsideRules: Sendable {
    /// Whose word about an address counts.
    public enum EmailTrust: Sendable, Equatable {
        case never
        /// That of the provider about addresses of these domains.
        case domains([String])
        case always
    }

    /// Roles by what a claim says.
    public struct RoleMapping: Sendable, Equatable {
        /// The claim's name, with dots into objects.
        public var claim: String
        public var roles: [String: Role]

        public init(claim: String, roles: [String: Role]) {
            self.claim = claim
            self.roles = roles
        }
    }

    public var emailTrust = EmailTrust.never
    /// People who have no account get one.
    public var registers = false
    /// Only with a trusted address of one of these; empty for anybody.
    public var domains: [String] = []
    /// Decides about the role at each sign-in; nil leaves it to administrators.
    public var roleMapping: RoleMapping?
    /// The claim, with dots into objects, that names groups to be in; nil leaves them to administrators.
    public var groupsClaim: String?
    /// The provider asks for a second proof itself, so that no one-time code is asked for here.
    public var hasSecondFactor = false

    public init() {}

    /// Whether the address is known to be the person's.
    func believes(_ person: OutsidePerson, _ email: EmailAddress) -> Bool {
        guard person.isEmailVerified else { return false }
        switch emailTrust {
        case .never: return false
        case .domains(let domains): return domains.contains(email.domain)
        case .always: return true
        }
    }

    /// Nil where no claim names groups.
    func groups(of person: OutsidePerson) -> [String]? {
        groupsClaim.map { person.claims.value(at: $0)?.texts ?? [] }
    }

    /// Nil where nothing maps roles. Whom the claim gives nothing is a `user`.
    func role(of person: OutsidePerson) -> Role? {
        guard let mapping = roleMapping else { return nil }
        let groups = person.claims.value(at: mapping.claim)?.texts ?? []
        return groups.compactMap { mapping.roles[$0] }.max() ?? .user
    }
}

extension EmailAddress {
    /// In small letters.
    var domain: String {
        String(description[description.index(after: description.lastIndex(of: "@") ?? description.startIndex)...])
    }
}

/// A provider and what its people may do.
public struct OutsideProvider: Sendable {
    public let openID: OpenIDProvider
    public let rules: OutsideRules

    public init(_ openID: OpenIDProvider, _ rules: OutsideRules) {
        self.openID = openID
        self.rules = rules
    }

    var name: String { openID.description.name }
    var label: String { openID.description.label }
}

/// All providers, in the order in which people are shown them.
public struct OutsideProviders: Sendable {
    let all: [OutsideProvider]

    public init(_ all: [OutsideProvider] = []) { self.all = all }

    /// - Throws: `AccountsError.noSuchProvider`.
    func find(_ name: String) throws -> OutsideProvider {
        guard let found = all.first(where: { $0.name == name }) else { throw AccountsError.noSuchProvider }
        return found
    }
}
