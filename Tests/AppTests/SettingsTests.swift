import FoundationEssentials
import Testing

@testable import App

@Suite("Settings")
struct SettingsTests {
    @Test("Without any variable the defaults hold")
    func defaults() throws {
        let settings = try SettingsReader.read(environment: ["HOME": "/"], file: nil)
        #expect(settings.host == "127.0.0.1" && settings.port == 8080 && settings.dataFolder == "data")
        #expect(settings.encryption == .aes128)
    }

    @Test("The environment wins over the file, and an empty value is the default")
    func precedence() throws {
        let file = "PALCO_PORT=1\nPALCO_HOST=\"0.0.0.0\"\n# a comment\n\nexport PALCO_DATA='my data'\r\nOTHER=x\n"
        let settings = try SettingsReader.read(environment: ["PALCO_PORT": "2", "PALCO_LOOPS": ""], file: file)
        #expect(settings.port == 2)
        #expect(settings.host == "0.0.0.0")
        #expect(settings.dataFolder == "my data")
    }

    @Test(
        "A value that cannot be used is named, and not repeated",
        arguments: [
            ("PALCO_PORT", "many"), ("PALCO_PORT", "70000"), ("PALCO_ENCRYPTION", "rot13"), ("PALCO_LOOPS", "0"),
            ("PALCO_SECURE_COOKIES", "perhaps"), ("PALCO_CORS_ORIGINS", "elsewhere.test"), ("PALCO_LOG_LEVEL", "loud"),
            ("PALCO_CORS_ORIGINS", "https://a.example/path"), ("PALCO_UPLOAD_EXPIRY", "-1"),
            ("PALCO_TRUSTED_PROXIES", "proxy.example"), ("PALCO_TRUSTED_PROXIES", "10.0.0.0/33"),
            ("PALCO_TRUSTED_PROXIES", "10.0.0.1,,"), ("PALCO_PROXY_PROTOCOL", "true"),
            ("PALCO_HTTP_PROXY", "proxy.example:3128"), ("PALCO_HTTP_PROXY", "socks5://proxy.example"),
            ("PALCO_TLS_NAMES", "*.example.org"), ("PALCO_TLS_NAMES", "localhost"),
            ("PALCO_TLS_NAMES", "a.example.org,DNS:b.example.org"), ("PALCO_TLS_NAMES", "a.example.org,a.example.org"),
            ("PALCO_PROXY_PROTOCOL", "v2"), ("PALCO_METRICS_TOKEN", "short"), ("PALCO_SIGN_IN_FAILURES", "-1"),
        ])
    func badValues(name: String, value: String) throws {
        let error = try #require(throws: SettingError.self) {
            try SettingsReader.read(environment: [name: value], file: nil)
        }
        #expect(error.name == name)
        #expect(!error.description.contains(value))
    }

    @Test("Trusted proxies are addresses and networks of both kinds")
    func proxies() throws {
        let list = "127.0.0.1, 10.0.0.0/8,fd00::/8,::1"
        let settings = try SettingsReader.read(environment: ["PALCO_TRUSTED_PROXIES": list], file: nil)
        #expect(settings.trustedProxies.map(\.description) == ["127.0.0.1", "10.0.0.0/8", "fd00::/8", "::1"])
        #expect(!settings.trustsSocket)
        let socket = try SettingsReader.read(environment: ["PALCO_TRUSTED_PROXIES": "unix, ::1"], file: nil)
        #expect(socket.trustsSocket && socket.trustedProxies.map(\.description) == ["::1"])
        let accounts = try SettingsReader.read(
            environment: ["PALCO_SIGN_IN_FAILURES": "10", "PALCO_SIGN_IN_LOCK_TIME": "60"], file: nil
        ).accounts
        #expect(accounts.maximumFailures == 10 && accounts.lockTime == 60 && accounts.maximumFailuresPerAccount == 40)
    }

    @Test("A name for a certificate is all that https needs; where else to listen can still be said")
    func names() throws {
        let names = ["PALCO_TLS_NAMES": "Video.example.org, www.example.org"]
        let settings = try SettingsReader.read(environment: names, file: nil)
        #expect(settings.tlsNames == ["video.example.org", "www.example.org"])
        #expect(settings.host == "::" && settings.port == 80 && settings.tlsPort == 443)
        let places = ["PALCO_HOST": "10.0.0.1", "PALCO_PORT": "8080", "PALCO_TLS_PORT": "8443"]
        let other = try SettingsReader.read(environment: places, file: "PALCO_TLS_NAMES=video.example.org")
        #expect(other.host == "10.0.0.1" && other.port == 8080 && other.tlsPort == 8443)
        let files = ["PALCO_TLS_CERT": "a.pem", "PALCO_TLS_KEY": "a.key"]
        #expect(throws: SettingError.self) {
            try SettingsReader.read(environment: names.merging(files) { $1 }, file: nil)
        }
    }

    @Test("The longest video is a setting")
    func longest() throws {
        let settings = try SettingsReader.read(environment: ["PALCO_MAX_DURATION": "90"], file: nil)
        #expect(settings.encoding.limits.duration == .seconds(90))
        #expect(Settings().encoding.limits.duration == .seconds(24 * 3600))
        for value in ["0", "604801", "long"] {
            #expect(throws: SettingError.self) {
                try SettingsReader.read(environment: ["PALCO_MAX_DURATION": value], file: nil)
            }
        }
    }

    @Test("A misspelt name in the file, or a line that says nothing, stops the start")
    func badFile() {
        #expect(throws: SettingError.self) { try SettingsReader.read(environment: [:], file: "PALCO_PROT=1") }
        #expect(throws: SettingError.self) { try SettingsReader.read(environment: [:], file: "what is this") }
    }

    @Test("palco.sample.env explains each setting there is, and no other, with values that can be read")
    func sample() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let sample = try String(contentsOf: root.appending(path: "palco.sample.env"), encoding: .utf8)
        let commented = sample.split(separator: "\n").filter { $0.hasPrefix("#PALCO_") }.map { $0.dropFirst() }
        let names = commented.map { String($0.prefix { $0 != "=" }) }
        #expect(Set(names) == Set(SettingsReader.all.map(\.name)))
        #expect(names.count == Set(names).count)
        _ = try SettingsReader.read(environment: [:], file: commented.joined(separator: "\n"))
    }
}
