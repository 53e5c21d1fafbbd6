import Accounts
import Bus
import Encoding
import Reactor
import S3
import Sandbox
import Storage
import Telemetry

/// Reads `Settings` from the environment; what is not there comes from the file `.env` of the working folder.
public enum SettingsReader {
    struct Setting: Sendable {
        let name: String
        /// Stores the value or answers what it should be.
        let read: @Sendable (_ value: String, inout Settings) -> String?
        /// The value as it would be written; nil where the setting holds a secret, or nobody has said that it does not (`shown`).
        var text: (@Sendable (Settings) -> String?)?

        init(name: String, read: @escaping @Sendable (_ value: String, inout Settings) -> String?) {
            self.name = name
            self.read = read
        }
    }

    /// Every setting there is.
    static let all: [Setting] = general + passwords + mail

    private static let general: [Setting] = [
        text("PALCO_HOST", \.host),
        number("PALCO_PORT", \.port, 0...65_535),
        optionalText("PALCO_SOCKET", \.socketPath).shown { $0.socketPath },
        files("PALCO_TLS_CERT", \.tlsCertificates),
        files("PALCO_TLS_KEY", \.tlsKeys),
        hostNames("PALCO_TLS_NAMES", \.tlsNames),
        text("PALCO_ACME_DIRECTORY", \.acmeDirectory),
        optionalText("PALCO_ACME_CA", \.acmeAuthorities).shown { $0.acmeAuthorities },
        number("PALCO_TLS_PORT", \.tlsPort, 0...65_535),
        Setting(name: "PALCO_HTTP_PROXY") { value, settings in
            let isPlain = value.hasPrefix("http://") && value.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            guard isPlain, value.utf8.count > 7 else { return "must be an address like http://proxy.example.org:3128" }
            settings.outgoingProxy = value
            return nil
        },
        text("PALCO_DATA", \.dataFolder),
        Setting(name: "PALCO_STORAGE") { value, settings in
            if value.hasPrefix("s3://") {
                do { settings.storageBucket = try S3Location(value) } catch { return "cannot be used: \(error)" }
                return nil
            }
            guard value.hasPrefix("/") else {
                return
                    "must be a folder's whole path like /srv/palco, a bucket like s3://bucket/prefix?endpoint=https://…, or empty for the data folder"
            }
            settings.storageFolder = value
            return nil
        }.shown(),
        Setting(name: "PALCO_STORAGE_ALSO") { value, settings in
            if value.hasPrefix("s3://") {
                do { settings.storageAlso = .bucket(try S3Location(value)) } catch { return "cannot be used: \(error)" }
                return nil
            }
            guard value == "data" || value.hasPrefix("/") else {
                return "must be a place as in PALCO_STORAGE, or data for the data folder"
            }
            settings.storageAlso = value == "data" ? .data : .folder(value)
            return nil
        }.shown(),
        number("PALCO_STORAGE_CACHE_BYTES", \.storageCacheBytes, (64 << 20)...(1 << 50)),
        Setting(name: "PALCO_STORAGE_ENCRYPTION") { value, settings in
            guard let encryption = S3Encryption(value) else {
                return "must be AES256, aws:kms, or aws:kms: and the key's name"
            }
            settings.storageEncryption = encryption
            return nil
        }.shown(),
        optionalText("PALCO_STORAGE_CA", \.storageAuthorities).shown { $0.storageAuthorities },
        Setting(name: "PALCO_MEDIA_REDIRECT") { value, settings in
            if value == "presigned" {
                settings.mediaRedirect = .presigned
                return nil
            }
            let base = value.hasSuffix("/") ? String(value.dropLast()) : value
            let rest = ["https://", "http://"].first(where: base.hasPrefix).map { base.dropFirst($0.count) }
            guard let rest, !rest.isEmpty, rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
                !rest.contains(where: { "?#;,'\"".contains($0) })
            else { return "must be presigned, or an address like https://cdn.example.org/films" }
            settings.mediaRedirect = .below(base)
            return nil
        }.shown(),
        Setting(name: "PALCO_DATABASE") { value, settings in
            guard ["postgres://", "postgresql://"].contains(where: value.hasPrefix) else {
                return
                    "must be an address like postgres://palco@db.example.org/palco, or empty for SQLite in the data folder"
            }
            settings.databaseAddress = value
            return nil
        },
        number("PALCO_DATABASE_CONNECTIONS", \.databaseConnections, 3...1000),
        Setting(name: "PALCO_KAFKA") { value, settings in
            let brokers = value.split(separator: ",", omittingEmptySubsequences: false)
            guard brokers.allSatisfy(isBroker) else {
                return "must be brokers like kafka1.example.org:9092, separated by commas"
            }
            settings.kafkaBrokers = value
            return nil
        }.shown(),
        Setting(name: "PALCO_KAFKA_TOPIC") { value, settings in
            let isTopic =
                (1...249).contains(value.utf8.count) && value != "." && value != ".."
                && value.utf8.allSatisfy { isNamePart($0) || $0 == UInt8(ascii: "_") }
            guard isTopic else { return "must be letters, digits, dots, underlines and hyphens" }
            settings.kafkaTopic = value
            return nil
        }.shown { $0.kafkaTopic },
        optionalText("PALCO_KAFKA_OPTIONS", \.kafkaOptions).shown { $0.kafkaOptions },
        Setting(name: "PALCO_REDIS") { value, settings in
            guard let address = RedisAddress(value) else {
                return
                    "must be an address like redis://:password@redis.example.org:6379/0, with rediss for TLS, or empty for none"
            }
            settings.redis = address
            return nil
        },
        optionalText("PALCO_WEB", \.webFolder).shown { $0.webFolder },
        optionalText("PALCO_ADMIN_EMAIL", \.adminEmail).shown { $0.adminEmail },
        optionalText("PALCO_ADMIN_PASSWORD", \.adminPassword),
        Setting(name: "PALCO_ENCRYPTION") { value, settings in
            guard let encryption = EncodingSettings.Encryption(rawValue: value) else {
                return "must be aes-128 or none"
            }
            settings.encryption = encryption
            return nil
        }.shown { $0.encryption.rawValue },
        number("PALCO_LOOPS", \.loopCount, 1...256),
        number("PALCO_WORKERS", \.workerCount, 0...256),
        Setting(name: "PALCO_WORKER_KINDS") { value, settings in
            let names = value.split(separator: ",").map { $0.filter { $0 != " " } }
            guard let limits = TaskLimits(kinds: names, maxLines: settings.taskLimits.maxLines) else {
                return "must be names separated by commas, of " + TaskLimits.kindNames.joined(separator: ", ")
            }
            settings.taskLimits = limits
            return nil
        }.shown(),
        Setting(name: "PALCO_WORKER_MAX_LINES") { value, settings in
            guard let lines = Int(value), (1...8192).contains(lines) else {
                return "must be a whole number from 1 to 8192"
            }
            settings.taskLimits.maxLines = lines
            return nil
        }.shown(),
        number("PALCO_MAX_CONNECTIONS", \.maxConnections, 16...1_000_000),
        number("PALCO_MAX_CONNECTIONS_PER_ADDRESS", \.maxConnectionsPerAddress, 1...1_000_000),
        number("PALCO_MAX_UPLOAD_BYTES", \.maxUploadBytes, 1...(1 << 50)),
        seconds("PALCO_MAX_DURATION", \.maxDuration, 1...604_800),
        number("PALCO_MAX_UPLOADS_PER_USER", \.maxUploadsPerUser, 1...10_000),
        Setting(name: "PALCO_FETCH_NETWORKS") { value, settings in
            let networks = value.split(separator: ",").map { IPNetwork($0.filter { $0 != " " }) }
            guard networks.allSatisfy({ $0 != nil }) else {
                return "must be addresses or networks like 127.0.0.1,10.0.0.0/8,fd00::/8, separated by commas"
            }
            settings.fetchNetworks = networks.compactMap(\.self)
            return nil
        }.shown(),
        number("PALCO_MAX_BYTES_PER_USER", \.maxBytesPerUser, 0...(1 << 60)),
        seconds("PALCO_UPLOAD_EXPIRY", \.uploadExpiry, 1...31_536_000),
        seconds("PALCO_TRASH_EXPIRY", \.trashExpiry, 1...315_360_000),
        number("PALCO_DISK_RESERVE_BYTES", \.diskReserveBytes, 0...(1 << 50)),
        seconds("PALCO_GRANT_LIFETIME", \.grantLifetime, 10...604_800),
        seconds("PALCO_UNLOCK_LIFETIME", \.unlockLifetime, 60...604_800),
        Setting(name: "PALCO_CORS_ORIGINS") { value, settings in
            let origins = value.split(separator: ",").map { $0.filter { $0 != " " } }
            let areOrigins = origins.allSatisfy { origin in
                guard let scheme = ["https://", "http://"].first(where: origin.hasPrefix) else { return false }
                let host = origin.dropFirst(scheme.count)
                return !host.isEmpty && !host.contains { "/?#@*".contains($0) }
            }
            guard areOrigins else { return "must be origins like https://example.org, separated by commas" }
            settings.corsOrigins = origins
            return nil
        }.shown(),
        Setting(name: "PALCO_EMBED_ORIGINS") { value, settings in
            let origins = value.lowercased().split(separator: ",").map { $0.filter { $0 != " " } }
            let areOrigins = origins.allSatisfy { origin in
                guard let scheme = ["https://", "http://"].first(where: origin.hasPrefix) else { return false }
                let place = origin.dropFirst(scheme.count)
                // It becomes a part of a header field.
                return !place.isEmpty && place.utf8.allSatisfy(isPlacePart)
            }
            guard areOrigins, origins.count <= Settings.mostEmbedOrigins else {
                return
                    "must be at most \(Settings.mostEmbedOrigins) origins like https://example.org, separated by commas"
            }
            settings.embedOrigins = origins
            return nil
        }.shown { $0.embedOrigins.isEmpty ? nil : $0.embedOrigins.joined(separator: ",") },
        Setting(name: "PALCO_TRUSTED_PROXIES") { value, settings in
            var names = value.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
            settings.trustsSocket = names.contains("unix")
            names.removeAll { $0 == "unix" }
            let networks = names.map { IPNetwork($0) }
            guard networks.allSatisfy({ $0 != nil }) else {
                return "must be addresses or networks like 127.0.0.1,10.0.0.0/8,fd00::/8, or unix, separated by commas"
            }
            settings.trustedProxies = networks.compactMap(\.self)
            return nil
        }.shown(),
        flag("PALCO_PROXY_PROTOCOL", \.readsProxyHeaders),
        Setting(name: "PALCO_TRUSTED_USER_HEADER") { value, settings in
            guard value.utf8.count <= 64, value.utf8.allSatisfy(isFieldNameByte) else {
                return "must be the name of a header field like X-Remote-User"
            }
            settings.trustedUserHeader = value
            return nil
        },
        flag("PALCO_TRUSTED_USER_REGISTER", \.trustedUserRegisters),
        Setting(name: "PALCO_JWT_ALGORITHM") { value, settings in
            switch value {
            case "HS256": settings.tokenAlgorithm = nil
            case "RS256": settings.tokenAlgorithm = .rs256
            case "EdDSA": settings.tokenAlgorithm = .edDSA
            default: return "must be HS256, RS256 or EdDSA"
            }
            return nil
        },
        seconds("PALCO_JWT_KEY_AGE", \.tokenKeyAge, 3_600...(10 * 31_536_000)),
        Setting(name: "PALCO_METRICS_TOKEN") { value, settings in
            // What is guessed over the network should not be short.
            guard value.utf8.count >= 16 else { return "must have 16 characters or more" }
            settings.metricsToken = value
            return nil
        },
        Setting(name: "PALCO_DOCS") { value, settings in
            guard let docs = Settings.Docs(rawValue: value) else { return "must be public, administrators or off" }
            settings.docs = docs
            return nil
        }.shown { $0.docs.rawValue },
        number("PALCO_SIGN_IN_FAILURES", \.signInFailures, 1...1_000),
        seconds("PALCO_SIGN_IN_LOCK_TIME", \.signInLockTime, 1...31_536_000),
        number("PALCO_AUDIT_DAYS", \.auditDays, AuditLog.daysKept),
        seconds("PALCO_SESSION_IDLE_TIME", \.sessionIdleTime, 300...31_536_000),
        seconds("PALCO_SESSION_TIME", \.sessionTime, 300...315_360_000),
        flag("PALCO_SECURE_COOKIES", \.secureCookies),
        Setting(name: "PALCO_ACCEPT_WEAK_SANDBOX") { value, settings in
            let names = value.split(separator: ",").map { $0.filter { $0 != " " } }
            let accepted = names.compactMap { SandboxReport.Protection(rawValue: $0) }
            guard accepted.count == names.count else {
                let all = SandboxReport.Protection.allCases.map(\.rawValue)
                return "must be names separated by commas, of " + all.joined(separator: ", ")
            }
            settings.acceptedSandboxWeaknesses = Set(accepted)
            return nil
        }.shown(),
        text("PALCO_FFMPEG", \.ffmpegPath),
        text("PALCO_FFPROBE", \.ffprobePath),
        Setting(name: "PALCO_LOG_LEVEL") { value, settings in
            guard let level = LogLevel(name: value) else { return "must be debug, info, warning or error" }
            settings.logLevel = level
            return nil
        }.shown { $0.logLevel.name },
    ]

    /// - Parameters:
    ///   - environment: the process's variables; those that do not begin with `PALCO_` are none of ours.
    ///   - file: the text of `.env`, if there is one.
    /// - Throws: `SettingError` for a value that cannot be used and for a name in the file that does not exist.
    public static func read(environment: [String: String], file: String?) throws(SettingError) -> Settings {
        var values = try EnvironmentFile.parse(file ?? "").filter { $0.key.hasPrefix("PALCO_") }
        let names = Set(all.map(\.name))
        if let unknown = values.keys.filter({ !names.contains($0) && !$0.hasPrefix(ProviderSettings.prefix) }).min() {
            throw SettingError(name: unknown, advice: "in .env is no setting of Palco; palco.sample.env lists them all")
        }
        for (name, value) in environment where name.hasPrefix("PALCO_") { values[name] = value }
        var settings = Settings()
        if values["PALCO_TLS_NAMES"]?.isEmpty == false { settings.listenForEverybody() }
        for setting in all {
            guard let value = values.removeValue(forKey: setting.name), !value.isEmpty else { continue }
            if let advice = setting.read(value, &settings) { throw SettingError(name: setting.name, advice: advice) }
            settings.given[setting.name] = setting.given(
                value, from: environment[setting.name] == nil ? .file : .environment)
        }
        settings.providers = try ProviderSettings.read(values)
        for (name, value) in values where name.hasPrefix(ProviderSettings.prefix) && !value.isEmpty {
            settings.given[name] = ProviderSettings.given(
                name, value, from: environment[name] == nil ? .file : .environment)
        }
        if settings.trustedUserHeader != nil, settings.proxies.isEmpty {
            throw SettingError(
                name: "PALCO_TRUSTED_USER_HEADER",
                advice: "is of use only with the proxies' addresses in PALCO_TRUSTED_PROXIES")
        }
        if settings.readsProxyHeaders, settings.proxies.isEmpty {
            throw SettingError(
                name: "PALCO_PROXY_PROTOCOL",
                advice: "is of use only with the proxies' addresses in PALCO_TRUSTED_PROXIES")
        }
        if !settings.tlsNames.isEmpty, !settings.tlsCertificates.isEmpty {
            throw SettingError(
                name: "PALCO_TLS_NAMES",
                advice: "has a certificate issued, and PALCO_TLS_CERT names one that is there: choose one of them")
        }
        if settings.mediaRedirect == .presigned, settings.storageBucket == nil {
            throw SettingError(
                name: "PALCO_MEDIA_REDIRECT", advice: "can be presigned only where PALCO_STORAGE names a bucket")
        }
        if settings.storageAlso == settings.storagePlace {
            throw SettingError(
                name: "PALCO_STORAGE_ALSO", advice: "must be another place than PALCO_STORAGE, or not be set")
        }
        guard settings.tlsCertificates.count == settings.tlsKeys.count else {
            throw SettingError(name: "PALCO_TLS_KEY", advice: "must name one key for each file of PALCO_TLS_CERT")
        }
        try checkMail(&settings)
        return settings
    }

    // MARK: Kinds

    typealias Place<Value> = WritableKeyPath<Settings, Value> & Sendable

    private static func text(_ name: String, _ place: any Place<String>) -> Setting {
        Setting(name: name) { value, settings in
            settings[keyPath: place] = value
            return nil
        }.shown { $0[keyPath: place] }
    }

    private static let mostNames = 100

    static func hostNames(_ name: String, _ place: any Place<[String]>) -> Setting {
        Setting(name: name) { value, settings in
            let names = value.split(separator: ",").map { name in
                String(name.filter { $0 != " " }).lowercased()
            }
            guard !names.isEmpty, names.count <= mostNames, Set(names).count == names.count,
                names.allSatisfy(isHostName)
            else { return "must be host names like video.example.org, separated by commas" }
            settings[keyPath: place] = names
            return nil
        }.shown { $0[keyPath: place].joined(separator: ",") }
    }

    /// Two labels at least, of letters, digits and hyphens (RFC 1123 2.1). Authorities certify no others.
    private static func isHostName(_ name: String) -> Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        return name.utf8.count <= 253 && labels.count >= 2
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { byte in
                        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                    }
            }
    }

    /// A name or an address, and a port.
    private static func isBroker(_ text: Substring) -> Bool {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else {
            return false
        }
        let host = text[..<colon]
        let isAddress =
            host.hasPrefix("[") && host.hasSuffix("]") && IPAddress(String(host.dropFirst().dropLast())) != nil
        return (1...65_535).contains(port) && (isAddress || (!host.isEmpty && host.utf8.allSatisfy(isNamePart)))
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private static func isFieldNameByte(_ byte: UInt8) -> Bool { isNamePart(byte) && byte != UInt8(ascii: ".") }

    private static func files(_ name: String, _ place: any Place<[String]>) -> Setting {
        Setting(name: name) { value, settings in
            let paths = value.split(separator: ",", omittingEmptySubsequences: false).map { path in
                String(path.trimmingPrefix(" ").reversed().trimmingPrefix(" ").reversed())
            }
            guard !paths.contains("") else { return "must be paths of files, separated by commas" }
            settings[keyPath: place] = paths
            return nil
        }.shown { $0[keyPath: place].joined(separator: ",") }
    }

    /// It may be a password: where it is none, say `shown`.
    static func optionalText(_ name: String, _ place: any Place<String?>) -> Setting {
        Setting(name: name) { value, settings in
            settings[keyPath: place] = value
            return nil
        }
    }

    private static func number(_ name: String, _ place: any Place<Int>, _ range: ClosedRange<Int>) -> Setting {
        Setting(name: name) { value, settings in
            guard let number = Int(value), range.contains(number) else {
                return "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            }
            settings[keyPath: place] = number
            return nil
        }.shown { String($0[keyPath: place]) }
    }

    private static func seconds(_ name: String, _ place: any Place<Duration>, _ range: ClosedRange<Int>) -> Setting {
        Setting(name: name) { value, settings in
            guard let number = Int(value), range.contains(number) else {
                return "must be whole seconds, from \(range.lowerBound) to \(range.upperBound)"
            }
            settings[keyPath: place] = .seconds(number)
            return nil
        }.shown { String($0[keyPath: place].components.seconds) }
    }

    static func flag(_ name: String, _ place: any Place<Bool>) -> Setting {
        Setting(name: name) { value, settings in
            guard ["true", "false"].contains(value) else { return "must be true or false" }
            settings[keyPath: place] = value == "true"
            return nil
        }.shown { String($0[keyPath: place]) }
    }
}
