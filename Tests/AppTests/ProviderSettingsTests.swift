import Accounts
import FoundationEssentials
import OpenIDConnect
import Testing

@testable import App
@testable import TestSupport

@Suite("Settings of providers of identities")
struct ProviderSettingsTests {
    static let house = [
        "PALCO_OIDC_HOUSE_ISSUER": "https://id.example.org/realms/house", "PALCO_OIDC_HOUSE_CLIENT_ID": "palco",
        "PALCO_OIDC_HOUSE_CLIENT_SECRET": "secret",
    ]

    static func read(_ more: [String: String] = [:], file: String? = nil) throws -> [ProviderSettings] {
        try SettingsReader.read(environment: house.merging(more) { _, new in new }, file: file).providers
    }

    @Test("A provider is what its settings say, in the environment and in the file")
    func whole() throws {
        let all = try Self.read(
            [
                "PALCO_OIDC_HOUSE_LABEL": "Our house", "PALCO_OIDC_HOUSE_SCOPES": "openid email groups",
                "PALCO_OIDC_HOUSE_ALGORITHMS": "RS256, EdDSA", "PALCO_OIDC_HOUSE_AUTHENTICATION": "client_secret_post",
                "PALCO_OIDC_HOUSE_REGISTER": "yes", "PALCO_OIDC_HOUSE_DOMAINS": "Example.org,example.net",
                "PALCO_OIDC_HOUSE_TRUST_EMAIL": "example.org", "PALCO_OIDC_HOUSE_SECOND_FACTOR": "yes",
                "PALCO_OIDC_HOUSE_ROLES": "realm_access.roles:/a=b=admin,staff=creator",
                "PALCO_OIDC_HOUSE_GROUPS": "realm_access.groups", "PALCO_OIDC_HOUSE_NETWORKS": "10.0.0.0/8",
            ], file: "PALCO_OIDC_VK_CLIENT_ID=7")
        #expect(all.map(\.description.name) == ["house", "vk"])
        let (description, rules) = (all[0].description, all[0].rules)
        #expect(description.issuer == "https://id.example.org/realms/house" && description.clientSecret == "secret")
        #expect(description.label == "Our house" && description.scopes == ["openid", "email", "groups"])
        #expect(description.algorithms == [.rs256, .edDSA] && description.authentication == .post)
        #expect(rules.registers && rules.hasSecondFactor && rules.domains == ["example.org", "example.net"])
        #expect(rules.emailTrust == .domains(["example.org"]) && all[0].networks.count == 1)
        #expect(rules.roleMapping == .init(claim: "realm_access.roles", roles: ["/a=b": .admin, "staff": .creator]))
        #expect(rules.groupsClaim == "realm_access.groups")
    }

    @Test("By default nobody new comes in, no address is believed, and no claim decides")
    func defaults() throws {
        let rules = try #require(try Self.read().first).rules
        #expect(!rules.registers && !rules.hasSecondFactor && rules.emailTrust == .never && rules.roleMapping == nil)
        #expect(rules.groupsClaim == nil)
    }

    @Test("What is known of a provider need not be set")
    func presets() throws {
        let all = try SettingsReader.read(
            environment: [
                "PALCO_OIDC_GOOGLE_CLIENT_ID": "g", "PALCO_OIDC_GOOGLE_HOSTED_DOMAIN": "Example.org",
                "PALCO_OIDC_WORK_PRESET": "microsoft", "PALCO_OIDC_WORK_CLIENT_ID": "m",
                "PALCO_OIDC_WORK_TENANT": "t-1",
                "PALCO_OIDC_VK_CLIENT_ID": "v", "PALCO_OIDC_YANDEX_CLIENT_ID": "y",
            ], file: nil
        ).providers.map(\.description)
        #expect(all.map(\.name) == ["google", "vk", "work", "yandex"])
        #expect(all[0].issuer == "https://accounts.google.com" && all[0].issuerAliases == ["accounts.google.com"])
        #expect(all[0].hostedDomain == "example.org" && all[0].label == "Google")
        #expect(all[1].dialect == .vkID && all[1].issuer == "https://id.vk.com")
        #expect(all[2].issuer == "https://login.microsoftonline.com/t-1/v2.0" && all[2].hasTenants)
        #expect(all[3].dialect == .yandex && all[3].scopes == ["login:email", "login:info"])
    }

    @Test("A secret may come from a file, and stands in no message")
    func secretFile() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/secret"
        try Data("from a file\n".utf8).write(to: URL(filePath: path))
        var environment = Self.house
        environment["PALCO_OIDC_HOUSE_CLIENT_SECRET"] = nil
        environment["PALCO_OIDC_HOUSE_CLIENT_SECRET_FILE"] = path
        #expect(
            try SettingsReader.read(environment: environment, file: nil).providers[0].description.clientSecret
                == "from a file")
        environment["PALCO_OIDC_HOUSE_CLIENT_SECRET"] = "both-of-them"
        let error = #expect(throws: SettingError.self) { try SettingsReader.read(environment: environment, file: nil) }
        #expect(error?.name == "PALCO_OIDC_HOUSE_CLIENT_SECRET_FILE" && error?.description.contains("both-of") == false)
    }

    @Test(
        "A value that cannot be used, or a name that does not exist, stops the start and is named",
        arguments: [
            ("PALCO_OIDC_HOUSE_ISSUER", "http://id.example.org"), ("PALCO_OIDC_HOUSE_ISSUER", "https://a b"),
            ("PALCO_OIDC_HOUSE_ISSUER", "https://id.example.org?x=1"),
            ("PALCO_OIDC_HOUSE_ISSUER", "https://user@id.example.org"),
            ("PALCO_OIDC_HOUSE_ALGORITHMS", "HS256"), ("PALCO_OIDC_HOUSE_ALGORITHMS", "none"),
            ("PALCO_OIDC_HOUSE_ALGORITHMS", ","), ("PALCO_OIDC_HOUSE_AUTHENTICATION", "private_key_jwt"),
            ("PALCO_OIDC_HOUSE_ROLES", "admin"), ("PALCO_OIDC_HOUSE_ROLES", "groups:a=emperor"),
            ("PALCO_OIDC_HOUSE_ROLES", "groups:"), ("PALCO_OIDC_HOUSE_GROUPS", "two words"),
            ("PALCO_OIDC_HOUSE_REGISTER", "perhaps"),
            ("PALCO_OIDC_HOUSE_NETWORKS", "inside"), ("PALCO_OIDC_HOUSE_PRESET", "facebook"),
            ("PALCO_OIDC_HOUSE_CLIENT_SECRET_FILE", "/nowhere"), ("PALCO_OIDC_HOUSE_ISSUERR", "x"),
            ("PALCO_OIDC_HOUSE_LABEL", "a\u{7}b"), ("PALCO_OIDC_HOUSE_DOMAINS", "a b"),
            ("PALCO_OIDC_OTHER_LABEL", "Other"),
            ("PALCO_OIDC_house_LABEL", "x"), ("PALCO_OIDC_LOGOUT_CLIENT_ID", "x"), ("PALCO_OIDC_HOUSE", "x"),
            ("PALCO_TRUSTED_USER_HEADER", "X-Remote-User"), ("PALCO_TRUSTED_USER_HEADER", "X Remote"),
            ("PALCO_JWT_ALGORITHM", "none"), ("PALCO_JWT_KEY_AGE", "1"),
        ])
    func wrong(name: String, value: String) {
        let error = #expect(throws: SettingError.self) { try Self.read([name: value]) }
        #expect(error?.name.hasPrefix(String(name.prefix(17))) == true, "\(error?.name ?? "none")")
    }
}
