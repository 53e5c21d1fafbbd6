import Accounts
import FoundationEssentials
import Testing

@testable import App

@Suite("Settings")
struct SettingsTests {
    @Test("Media is in the data folder, in another one, or in a bucket, and a CDN hands it out")
    func storage() throws {
        #expect(try SettingsReader.read(environment: [:], file: nil).storageBucket == nil)
        let folder = try SettingsReader.read(environment: ["PALCO_STORAGE": "/srv/palco"], file: nil)
        #expect(folder.storageFolder == "/srv/palco" && folder.storageBucket == nil)
        let names = [
            "PALCO_STORAGE": "s3://films/palco?endpoint=http://127.0.0.1:9000", "PALCO_MEDIA_REDIRECT": "presigned",
        ]
        let bucket = try SettingsReader.read(environment: names, file: nil)
        #expect(bucket.storageBucket?.bucket == "films" && bucket.storageBucket?.prefix == "palco/")
        #expect(bucket.storageFolder == nil && bucket.mediaRedirect == .presigned)
        #expect(throws: SettingError.self) {
            try SettingsReader.read(environment: ["PALCO_MEDIA_REDIRECT": "presigned"], file: nil)
        }
        let base = ["PALCO_MEDIA_REDIRECT": "https://cdn.example.org/films/"]
        #expect(
            try SettingsReader.read(environment: base, file: nil).mediaRedirect
                == .below("https://cdn.example.org/films"))
    }

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
            ("PALCO_STORAGE", "relative"), ("PALCO_STORAGE", "s3://x"), ("PALCO_STORAGE", "s3://films?region"),
            ("PALCO_STORAGE_CACHE_BYTES", "2e9"), ("PALCO_STORAGE_ENCRYPTION", "rot13"),
            ("PALCO_MEDIA_REDIRECT", "films.example.net"),
            ("PALCO_MEDIA_REDIRECT", "ftp://films.example.net"),
            ("PALCO_MEDIA_REDIRECT", "https://cdn.example.org/?a=b"),
            ("PALCO_MEDIA_REDIRECT", "https://a.example; script-src *"),
            ("PALCO_SECURE_COOKIES", "perhaps"), ("PALCO_CORS_ORIGINS", "elsewhere.test"), ("PALCO_LOG_LEVEL", "loud"),
            ("PALCO_EMBED_ORIGINS", "elsewhere.test"), ("PALCO_EMBED_ORIGINS", "https://a.example; script-src *"),
            ("PALCO_EMBED_ORIGINS", "https://a.example/path"), ("PALCO_EMBED_ORIGINS", "https://*.example"),
            ("PALCO_CORS_ORIGINS", "https://a.example/path"), ("PALCO_UPLOAD_EXPIRY", "-1"),
            ("PALCO_TRUSTED_PROXIES", "proxy.example"), ("PALCO_TRUSTED_PROXIES", "10.0.0.0/33"),
            ("PALCO_TRUSTED_PROXIES", "10.0.0.1,,"), ("PALCO_PROXY_PROTOCOL", "true"),
            ("PALCO_HTTP_PROXY", "proxy.example:3128"), ("PALCO_HTTP_PROXY", "socks5://proxy.example"),
            ("PALCO_TLS_NAMES", "*.example.org"), ("PALCO_TLS_NAMES", "localhost"),
            ("PALCO_TLS_NAMES", "a.example.org,DNS:b.example.org"), ("PALCO_TLS_NAMES", "a.example.org,a.example.org"),
            ("PALCO_KAFKA", "somewhere"), ("PALCO_KAFKA", "kafka://broker:9092"), ("PALCO_KAFKA", "a:1,,b:2"),
            ("PALCO_KAFKA", "a:0"), ("PALCO_KAFKA_TOPIC", "a/b"), ("PALCO_KAFKA_TOPIC", ".."),
            ("PALCO_REDIS", "redis.house.test"), ("PALCO_REDIS", "redis://name@host"),
            ("PALCO_SMTP", "mail.example.net"), ("PALCO_SMTP", "smtp://user:password@mail.example.org"),
            ("PALCO_SMTP_PASSWORD_FILE", "/nowhere/it"), ("PALCO_MAIL_FROM", "nobody"),
            ("PALCO_MAIL_FROM", "Palco <a@b.example>\r\nBcc: eve@example.net"),
            ("PALCO_PUBLIC_URL", "films.example.net"),
            ("PALCO_PUBLIC_URL", "https://video.example.org/path"),
            ("PALCO_PUBLIC_URL", "https://user@video.example.org"),
            ("PALCO_PUBLIC_URL", "javascript:alert(1)"), ("PALCO_REGISTRATION", "sometimes"),
            ("PALCO_REGISTRATION_DOMAINS", "localhost"), ("PALCO_VERIFY_EMAIL", "no"),
            ("PALCO_SELF_REMOVAL", "1"),
            ("PALCO_PROXY_PROTOCOL", "v2"), ("PALCO_DOCS", "friends"),
            ("PALCO_METRICS_TOKEN", "short"), ("PALCO_SIGN_IN_FAILURES", "-1"),
            ("PALCO_PASSWORD_POLICY", "strict"), ("PALCO_PASSWORD_MAX_AGE", "59"), ("PALCO_PASSWORD_MAX_AGE", "never"),
            ("PALCO_PASSWORD_HISTORY", "11"), ("PALCO_OTP_REQUIRED", "admin,emperor"),
        ])
    func badValues(name: String, value: String) throws {
        let error = try #require(throws: SettingError.self) {
            try SettingsReader.read(environment: [name: value], file: nil)
        }
        #expect(error.name == name)
        #expect(!error.description.contains(value))
    }

    @Test("Passwords and one-time codes follow their settings")
    func passwords() throws {
        let plain = try SettingsReader.read(environment: [:], file: nil).accounts
        #expect(plain.otpRoles == [] && plain.passwordMaximumAge == nil && plain.passwordHistory == 5)
        let names = [
            "PALCO_PASSWORD_POLICY": "length", "PALCO_PASSWORD_MAX_AGE": "7776000", "PALCO_PASSWORD_HISTORY": "0",
            "PALCO_OTP_REQUIRED": "admin, creator",
        ]
        let settings = try SettingsReader.read(environment: names, file: nil)
        #expect(settings.passwordRule == .length)
        #expect(settings.accounts.otpRoles == [.admin, .creator])
        #expect(settings.accounts.passwordMaximumAge == 7_776_000 && settings.accounts.passwordHistory == 0)
    }

    @Test("The list of common passwords that the set-up unpacks refuses what it holds")
    func passwordList() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let list = try #require(PasswordList.read("/\(root)/.build/\(PasswordList.fileName)"), "run scripts/setup")
        #expect(list.count > 10_000)
        let policy = PasswordPolicy(.classes, blocklist: list)
        for common in ["Liverpool1!", "Chocolate-7", "Scarlett1!"] {
            #expect(policy.complaints(about: common).map(\.code) == ["too_common"], "\(common)")
        }
        #expect(policy.complaints(about: "Tr0mbone-kelp").isEmpty)
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

    @Test("Kafka is some brokers, a topic and a file")
    func kafka() throws {
        let brokers = "kafka-1.example.org:9092,10.0.0.1:9093,[fd00::1]:9094"
        let given = ["PALCO_KAFKA": brokers, "PALCO_KAFKA_TOPIC": "video_facts.v1"]
        let settings = try SettingsReader.read(environment: given, file: nil)
        #expect(try settings.kafka?.brokers == brokers && settings.kafka?.topic == "video_facts.v1")
        #expect(try Settings().kafka == nil && Settings().kafkaTopic == "palco.events")
    }

    @Test("Mail needs a server, a sender, the address of the house, and a password with a user")
    func mail() throws {
        let whole = [
            "PALCO_SMTP": "smtp://palco@mail.example.org", "PALCO_SMTP_PASSWORD": "Mail-Horse-7",
            "PALCO_MAIL_FROM": "Palco <noreply@example.org>", "PALCO_PUBLIC_URL": "https://video.example.org/",
        ]
        let settings = try SettingsReader.read(environment: whole, file: nil)
        #expect(settings.mailServer?.password == "Mail-Horse-7" && settings.mailFrom?.name == "Palco")
        #expect(settings.accounts.publicAddress == "https://video.example.org")
        for missing in ["PALCO_SMTP_PASSWORD", "PALCO_MAIL_FROM", "PALCO_PUBLIC_URL"] {
            let error = try #require(throws: SettingError.self) {
                try SettingsReader.read(environment: whole.filter { $0.key != missing }, file: nil)
            }
            #expect(error.name == missing && !error.description.contains("Horse"))
        }
        let named = whole.merging(["PALCO_PUBLIC_URL": "", "PALCO_TLS_NAMES": "film.example.org,www.example.org"]) {
            $1
        }
        #expect(
            try SettingsReader.read(environment: named, file: nil).publicAddress == "https://film.example.org")
        #expect(Settings().publicAddress == nil && Settings().mailServer == nil)
    }

    @Test("Registration is closed, open, for who is invited, or for domains that are named")
    func registration() throws {
        #expect(Settings().accounts.registration == .closed && Settings().accounts.verifiesEmail)
        #expect(!Settings().accounts.allowsSelfRemoval)
        let open = try SettingsReader.read(environment: ["PALCO_REGISTRATION": "open"], file: nil)
        #expect(open.accounts.registration == .open)
        let domains = ["PALCO_REGISTRATION": "domains", "PALCO_REGISTRATION_DOMAINS": "Example.org, example.net"]
        let some = try SettingsReader.read(environment: domains, file: nil)
        #expect(some.accounts.registration == .domains(["example.org", "example.net"]))
        #expect(throws: SettingError.self) {
            try SettingsReader.read(environment: ["PALCO_REGISTRATION": "domains"], file: nil)
        }
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
