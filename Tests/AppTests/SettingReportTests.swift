import Testing

@testable import App

@Suite("What administrators see of settings")
struct SettingReportTests {
    static func reports(_ environment: [String: String], file: String = "") throws -> [String: SettingReport] {
        let reports = try SettingsReader.read(environment: environment, file: file).reports
        return Dictionary(uniqueKeysWithValues: reports.map { ($0.name, $0) })
    }

    @Test("All there are, with where their values come from")
    func sources() throws {
        let file = "PALCO_PORT=1\nPALCO_HOST=10.0.0.1\nPALCO_LOOPS="
        let reports = try Self.reports(["PALCO_PORT": "2"], file: file)
        #expect(reports.count == SettingsReader.all.count)
        func has(_ name: String, _ value: String?, _ source: SettingSource) -> Bool {
            reports[name] == SettingReport(name: name, value: value, source: source, isSecret: false)
        }
        #expect(has("PALCO_PORT", "2", .environment) && has("PALCO_HOST", "10.0.0.1", .file))
        #expect(has("PALCO_TLS_PORT", "8443", .standard) && has("PALCO_ENCRYPTION", "aes-128", .standard))
        #expect(has("PALCO_GRANT_LIFETIME", "21600", .standard) && has("PALCO_SECURE_COOKIES", "false", .standard))
        #expect(has("PALCO_LOG_LEVEL", "info", .standard) && has("PALCO_SOCKET", nil, .standard))
        // What another setting implies.
        let named = try Self.reports(["PALCO_TLS_NAMES": "video.example.org"])
        #expect(named["PALCO_PORT"]?.value == "80" && named["PALCO_PORT"]?.source == .standard)
    }

    @Test("Of a secret only whether it is set is told")
    func secrets() throws {
        let given = [
            "PALCO_ADMIN_PASSWORD": "hunter2-Hunter2", "PALCO_METRICS_TOKEN": "hunter2-hunter2-hunter2",
            "PALCO_DATABASE": "postgres://palco:hunter2@db/palco", "PALCO_REDIS": "redis://:hunter2@redis:6379/0",
            "PALCO_HTTP_PROXY": "http://palco:hunter2@proxy:3128",
            "PALCO_MEDIA_REDIRECT": "https://palco:hunter2@cdn.example.org/films",
        ]
        let settings = try SettingsReader.read(environment: given, file: nil)
        for report in settings.reports where given[report.name] != nil {
            #expect(report.isSecret && report.value == nil && report.source == .environment, "\(report.name)")
        }
        #expect(!"\(settings.reports)\(settings.given)".contains("unter2"))
        let unset = try Self.reports([:])
        #expect(unset["PALCO_ADMIN_PASSWORD"]?.source == .standard && unset["PALCO_ADMIN_PASSWORD"]?.isSecret == true)
    }

    @Test("A setting of which nobody has said that it may be shown is a secret, whatever it is called")
    func unknown() {
        let setting = SettingsReader.Setting(name: "PALCO_NEW") { _, _ in nil }
        #expect(setting.isSecret && setting.given("x", from: .file).value == nil)
        #expect(!setting.shown().isSecret && setting.shown().given("x", from: .file).value == "x")
        let password = SettingsReader.Setting(name: "PALCO_NEW_PASSWORD") { _, _ in nil }.shown()
        #expect(password.isSecret && password.given("x", from: .file).value == nil)
    }

    @Test("Providers of identities are settings as well, and their secrets are secrets")
    func providers() throws {
        let given = [
            "PALCO_OIDC_HOUSE_ISSUER": "https://id.example.org", "PALCO_OIDC_HOUSE_CLIENT_ID": "palco",
            "PALCO_OIDC_HOUSE_CLIENT_SECRET": "hunter2-hunter2",
        ]
        let reports = try Self.reports(given)
        #expect(reports["PALCO_OIDC_HOUSE_ISSUER"]?.value == "https://id.example.org")
        let secret = try #require(reports["PALCO_OIDC_HOUSE_CLIENT_SECRET"])
        #expect(secret.isSecret && secret.value == nil && secret.source == .environment)
    }

    @Test("Changed is what somebody set to another value than it has by itself")
    func changed() throws {
        let given = ["PALCO_PORT": "8080", "PALCO_HOST": "0.0.0.0", "PALCO_REDIS": "redis://redis:6379/0"]
        let settings = try SettingsReader.read(environment: given, file: nil)
        #expect(settings.changed.map(\.name) == ["PALCO_HOST", "PALCO_REDIS"])
        #expect(Settings().changed.isEmpty)
    }
}
