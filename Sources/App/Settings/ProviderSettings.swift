import Accounts
import Cryptography
import FoundationEssentials
import OpenIDConnect
import Reactor

/// Settings of providers of identities: `PALCO_OIDC_<NAME>_…`, as many providers as there are names.
public struct ProviderSettings: Sendable {
    public var description: ProviderDescription
    public var rules = OutsideRules()
    /// Where the provider may stand although that is not on the open internet.
    public var networks: [IPNetwork] = []
    /// The PEM file of the authorities that may certify it; nil for the system's.
    public var authorities: String?
}

extension ProviderSettings {
    static let prefix = "PALCO_OIDC_"

    /// What a provider may be called in addresses beside what it is called.
    private static let reservedNames: Set = ["logout"]
    private static let mostProviders = 20

    /// - Parameter values: of the environment and of `.env`; those of other settings are passed over.
    /// - Returns: in the order of their names.
    static func read(_ values: [String: String]) throws(SettingError) -> [ProviderSettings] {
        var groups: [String: [String: String]] = [:]
        for (key, value) in values where key.hasPrefix(prefix) && !value.isEmpty {
            let parts = key.dropFirst(prefix.count).split(separator: "_", maxSplits: 1).map(String.init)
            let isName = parts.first?.utf8.allSatisfy { byte in
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
            guard parts.count == 2, isName == true, parts[0].utf8.count <= 32,
                !reservedNames.contains(parts[0].lowercased())
            else {
                throw SettingError(
                    name: key, advice: "must be PALCO_OIDC_, a name in capitals and digits, and what is set of it")
            }
            groups[parts[0], default: [:]][parts[1]] = value
        }
        guard groups.count <= mostProviders else {
            throw SettingError(name: prefix + "…", advice: "may name \(mostProviders) providers at most")
        }
        var providers: [ProviderSettings] = []
        for name in groups.keys.sorted() {
            var reader = Reader(name: name, values: groups[name] ?? [:])
            providers.append(try reader.provider())
        }
        return providers
    }
}

/// What is known of a provider without being told.
private enum ProviderPreset: String, CaseIterable {
    case google, microsoft, vk, yandex, keycloak

    var label: String {
        switch self {
        case .google: "Google"
        case .microsoft: "Microsoft"
        case .vk: "VK ID"
        case .yandex: "Yandex ID"
        case .keycloak: "Keycloak"
        }
    }

    /// Nil where each house has its own.
    func issuer(tenant: String) -> String? {
        switch self {
        case .google: "https://accounts.google.com"
        case .microsoft: "https://login.microsoftonline.com/\(tenant)/v2.0"
        case .vk: "https://id.vk.com"
        case .yandex: "https://oauth.yandex.ru"
        case .keycloak: nil
        }
    }

    func complete(_ description: inout ProviderDescription) {
        switch self {
        // Tokens of old clients call it so (developers.google.com/identity/openid-connect/reference).
        case .google: description.issuerAliases = ["accounts.google.com"]
        case .microsoft: description.hasTenants = true
        case .vk:
            description.dialect = .vkID
            description.scopes = ["vkid.personal_info", "email"]
        case .yandex:
            description.dialect = .yandex
            description.scopes = ["login:email", "login:info"]
        case .keycloak: break
        }
    }
}

/// Reads one provider. What is left of the values at the end has a name that does not exist.
private struct Reader {
    let name: String
    var values: [String: String]

    mutating func provider() throws(SettingError) -> ProviderSettings {
        let preset = try preset()
        let networks = try networks()
        let issuer = try issuer(preset, isOfTheHouse: !networks.isEmpty)
        guard let clientID = values.removeValue(forKey: "CLIENT_ID"), isPlain(clientID) else {
            throw wrong("CLIENT_ID", "must be what the provider calls this server, for \(name) is set otherwise")
        }
        var description = ProviderDescription(
            name: name.lowercased(), label: try label(preset), issuer: issuer, clientID: clientID,
            clientSecret: try secret())
        preset?.complete(&description)
        if let scopes = values.removeValue(forKey: "SCOPES") {
            description.scopes = scopes.split { $0 == " " || $0 == "," }.map(String.init)
        }
        if let names = values.removeValue(forKey: "ALGORITHMS") {
            let algorithms = list(names).map { SignatureAlgorithm(rawValue: $0) }
            guard !algorithms.isEmpty, !algorithms.contains(nil) else {
                throw wrong("ALGORITHMS", "must be of RS256, PS256, ES256 and EdDSA, separated by commas")
            }
            description.algorithms = algorithms.compactMap { $0 }
        }
        if let word = values.removeValue(forKey: "AUTHENTICATION") {
            guard let authentication = ProviderDescription.ClientAuthentication(rawValue: word) else {
                throw wrong("AUTHENTICATION", "must be client_secret_basic, client_secret_post or none")
            }
            description.authentication = authentication
        }
        description.hostedDomain = values.removeValue(forKey: "HOSTED_DOMAIN")?.lowercased()
        var settings = ProviderSettings(description: description)
        settings.networks = networks
        settings.authorities = values.removeValue(forKey: "CA")
        settings.rules = try rules()
        if let unknown = values.keys.min() {
            throw wrong(unknown, "is no setting of a provider; palco.sample.env lists them all")
        }
        return settings
    }

    private mutating func preset() throws(SettingError) -> ProviderPreset? {
        guard let word = values.removeValue(forKey: "PRESET") else {
            return ProviderPreset(rawValue: name.lowercased())
        }
        guard let preset = ProviderPreset(rawValue: word) else {
            throw wrong("PRESET", "must be one of " + ProviderPreset.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return preset
    }

    private mutating func issuer(_ preset: ProviderPreset?, isOfTheHouse: Bool) throws(SettingError) -> String {
        let tenant = values.removeValue(forKey: "TENANT") ?? "common"
        guard tenant.utf8.allSatisfy({ isNameByte($0) }) else {
            throw wrong("TENANT", "must be a tenant's id or domain")
        }
        guard let issuer = values.removeValue(forKey: "ISSUER") ?? preset?.issuer(tenant: tenant) else {
            throw wrong("ISSUER", "must be the provider's address, like https://id.example.org")
        }
        let isSafe = issuer.hasPrefix("https://") || (isOfTheHouse && issuer.hasPrefix("http://"))
        guard isSafe, isPlain(issuer), !issuer.contains("?"), !issuer.contains("#"), !issuer.contains("@") else {
            throw wrong(
                "ISSUER",
                "must be an address like https://id.example.org; http only with \(ProviderSettings.prefix)\(name)_NETWORKS"
            )
        }
        return issuer
    }

    private mutating func label(_ preset: ProviderPreset?) throws(SettingError) -> String {
        let label = values.removeValue(forKey: "LABEL") ?? preset?.label ?? name.lowercased()
        guard label.count <= 60, !label.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { throw wrong("LABEL", "must be a name of 60 characters at most") }
        return label
    }

    private mutating func secret() throws(SettingError) -> String? {
        let direct = values.removeValue(forKey: "CLIENT_SECRET")
        guard let path = values.removeValue(forKey: "CLIENT_SECRET_FILE") else { return direct }
        guard direct == nil else { throw wrong("CLIENT_SECRET_FILE", "and CLIENT_SECRET are set both: keep one") }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw wrong("CLIENT_SECRET_FILE", "names a file that cannot be read")
        }
        let secret = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard !secret.isEmpty else { throw wrong("CLIENT_SECRET_FILE", "names a file without a secret") }
        return secret
    }

    private mutating func networks() throws(SettingError) -> [IPNetwork] {
        let found = list(values.removeValue(forKey: "NETWORKS") ?? "").map { IPNetwork($0) }
        guard !found.contains(nil) else {
            throw wrong("NETWORKS", "must be addresses or networks like 10.0.0.0/8, separated by commas")
        }
        return found.compactMap { $0 }
    }

    private mutating func rules() throws(SettingError) -> OutsideRules {
        var rules = OutsideRules()
        switch values.removeValue(forKey: "TRUST_EMAIL") {
        case nil, "no": break
        case "yes": rules.emailTrust = .always
        case let domains?: rules.emailTrust = .domains(try self.domains(domains, "TRUST_EMAIL"))
        }
        rules.registers = try flag("REGISTER")
        rules.domains = try domains(values.removeValue(forKey: "DOMAINS") ?? "", "DOMAINS")
        rules.hasSecondFactor = try flag("SECOND_FACTOR")
        rules.roleMapping = try values.removeValue(forKey: "ROLES").map { text throws(SettingError) in try roles(text) }
        rules.groupsClaim = values.removeValue(forKey: "GROUPS")
        guard rules.groupsClaim.map(isPlain) ?? true else {
            throw wrong("GROUPS", "must be the name of a claim, like groups or realm_access.groups")
        }
        return rules
    }

    /// `groups:video-admins=admin,staff=creator`
    private func roles(_ text: String) throws(SettingError) -> OutsideRules.RoleMapping {
        let advice = "must be a claim and what its values give, like groups:video-admins=admin,staff=creator"
        guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else { throw wrong("ROLES", advice) }
        var roles: [String: Role] = [:]
        for pair in list(String(text[text.index(after: colon)...])) {
            guard let sign = pair.lastIndex(of: "="),
                let role = Role(rawValue: String(pair[pair.index(after: sign)...]))
            else { throw wrong("ROLES", advice) }
            roles[String(pair[..<sign])] = role
        }
        guard !roles.isEmpty else { throw wrong("ROLES", advice) }
        return OutsideRules.RoleMapping(claim: String(text[..<colon]), roles: roles)
    }

    private func domains(_ text: String, _ key: String) throws(SettingError) -> [String] {
        let domains = list(text).map { $0.lowercased() }
        guard domains.allSatisfy({ $0.utf8.allSatisfy { isNameByte($0) } }) else {
            throw wrong(key, "must be domains like example.org, separated by commas")
        }
        return domains
    }

    private mutating func flag(_ key: String) throws(SettingError) -> Bool {
        switch values.removeValue(forKey: key) {
        case nil, "no", "false": return false
        case "yes", "true": return true
        default: throw wrong(key, "must be yes or no")
        }
    }

    private func list(_ text: String) -> [String] {
        text.split(separator: ",").map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }.filter { !$0.isEmpty }
    }

    private func isPlain(_ text: String) -> Bool {
        (1...1_024).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private func wrong(_ key: String, _ advice: String) -> SettingError {
        SettingError(name: "\(ProviderSettings.prefix)\(name)_\(key)", advice: advice)
    }
}
