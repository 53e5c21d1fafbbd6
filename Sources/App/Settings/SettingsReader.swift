import Encoding
import Reactor
import Sandbox
import Telemetry

/// Reads `Settings` from the environment; what is not there comes from the file `.env` of the working folder.
public enum SettingsReader {
    struct Setting: Sendable {
        let name: String
        /// Stores the value or answers what it should be.
        let read: @Sendable (_ value: String, inout Settings) -> String?
    }

    /// Every setting there is.
    static let all: [Setting] = [
        text("PALCO_HOST", \.host),
        number("PALCO_PORT", \.port, 0...65_535),
        optionalText("PALCO_SOCKET", \.socketPath),
        files("PALCO_TLS_CERT", \.tlsCertificates),
        files("PALCO_TLS_KEY", \.tlsKeys),
        hostNames("PALCO_TLS_NAMES", \.tlsNames),
        text("PALCO_ACME_DIRECTORY", \.acmeDirectory),
        optionalText("PALCO_ACME_CA", \.acmeAuthorities),
        number("PALCO_TLS_PORT", \.tlsPort, 0...65_535),
        Setting(name: "PALCO_HTTP_PROXY") { value, settings in
            let isPlain = value.hasPrefix("http://") && value.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            guard isPlain, value.utf8.count > 7 else { return "must be an address like http://proxy.example.org:3128" }
            settings.outgoingProxy = value
            return nil
        },
        text("PALCO_DATA", \.dataFolder),
        optionalText("PALCO_WEB", \.webFolder),
        optionalText("PALCO_ADMIN_EMAIL", \.adminEmail),
        optionalText("PALCO_ADMIN_PASSWORD", \.adminPassword),
        Setting(name: "PALCO_ENCRYPTION") { value, settings in
            guard let encryption = EncodingSettings.Encryption(rawValue: value) else {
                return "must be aes-128 or none"
            }
            settings.encryption = encryption
            return nil
        },
        number("PALCO_LOOPS", \.loopCount, 1...256),
        number("PALCO_WORKERS", \.workerCount, 1...256),
        number("PALCO_MAX_CONNECTIONS", \.maxConnections, 16...1_000_000),
        number("PALCO_MAX_CONNECTIONS_PER_ADDRESS", \.maxConnectionsPerAddress, 1...1_000_000),
        number("PALCO_MAX_UPLOAD_BYTES", \.maxUploadBytes, 1...(1 << 50)),
        seconds("PALCO_MAX_DURATION", \.maxDuration, 1...604_800),
        number("PALCO_MAX_UPLOADS_PER_USER", \.maxUploadsPerUser, 1...10_000),
        number("PALCO_MAX_BYTES_PER_USER", \.maxBytesPerUser, 0...(1 << 60)),
        seconds("PALCO_UPLOAD_EXPIRY", \.uploadExpiry, 1...31_536_000),
        number("PALCO_DISK_RESERVE_BYTES", \.diskReserveBytes, 0...(1 << 50)),
        seconds("PALCO_GRANT_LIFETIME", \.grantLifetime, 10...604_800),
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
        },
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
        },
        flag("PALCO_PROXY_PROTOCOL", \.readsProxyHeaders),
        Setting(name: "PALCO_METRICS_TOKEN") { value, settings in
            // What is guessed over the network should not be short.
            guard value.utf8.count >= 16 else { return "must have 16 characters or more" }
            settings.metricsToken = value
            return nil
        },
        number("PALCO_SIGN_IN_FAILURES", \.signInFailures, 1...1_000),
        seconds("PALCO_SIGN_IN_LOCK_TIME", \.signInLockTime, 1...31_536_000),
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
        },
        text("PALCO_FFMPEG", \.ffmpegPath),
        text("PALCO_FFPROBE", \.ffprobePath),
        Setting(name: "PALCO_LOG_LEVEL") { value, settings in
            guard let level = LogLevel(name: value) else { return "must be debug, info, warning or error" }
            settings.logLevel = level
            return nil
        },
    ]

    /// - Parameters:
    ///   - environment: the process's variables; those that do not begin with `PALCO_` are none of ours.
    ///   - file: the text of `.env`, if there is one.
    /// - Throws: `SettingError` for a value that cannot be used and for a name in the file that does not exist.
    public static func read(environment: [String: String], file: String?) throws(SettingError) -> Settings {
        var values = try EnvironmentFile.parse(file ?? "").filter { $0.key.hasPrefix("PALCO_") }
        let names = Set(all.map(\.name))
        if let unknown = values.keys.filter({ !names.contains($0) }).min() {
            throw SettingError(name: unknown, advice: "in .env is no setting of Palco; palco.sample.env lists them all")
        }
        for (name, value) in environment where name.hasPrefix("PALCO_") { values[name] = value }
        var settings = Settings()
        if values["PALCO_TLS_NAMES"]?.isEmpty == false { settings.listenForEverybody() }
        for setting in all {
            guard let value = values.removeValue(forKey: setting.name), !value.isEmpty else { continue }
            if let advice = setting.read(value, &settings) { throw SettingError(name: setting.name, advice: advice) }
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
        guard settings.tlsCertificates.count == settings.tlsKeys.count else {
            throw SettingError(name: "PALCO_TLS_KEY", advice: "must name one key for each file of PALCO_TLS_CERT")
        }
        return settings
    }

    // MARK: Kinds

    private typealias Place<Value> = WritableKeyPath<Settings, Value> & Sendable

    private static func text(_ name: String, _ place: any Place<String>) -> Setting {
        Setting(name: name) { value, settings in
            settings[keyPath: place] = value
            return nil
        }
    }

    private static let mostNames = 100

    private static func hostNames(_ name: String, _ place: any Place<[String]>) -> Setting {
        Setting(name: name) { value, settings in
            let names = value.split(separator: ",").map { name in
                String(name.filter { $0 != " " }).lowercased()
            }
            guard !names.isEmpty, names.count <= mostNames, Set(names).count == names.count,
                names.allSatisfy(isHostName)
            else { return "must be host names like video.example.org, separated by commas" }
            settings[keyPath: place] = names
            return nil
        }
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

    private static func files(_ name: String, _ place: any Place<[String]>) -> Setting {
        Setting(name: name) { value, settings in
            let paths = value.split(separator: ",", omittingEmptySubsequences: false).map { path in
                String(path.trimmingPrefix(" ").reversed().trimmingPrefix(" ").reversed())
            }
            guard !paths.contains("") else { return "must be paths of files, separated by commas" }
            settings[keyPath: place] = paths
            return nil
        }
    }

    private static func optionalText(_ name: String, _ place: any Place<String?>) -> Setting {
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
        }
    }

    private static func seconds(_ name: String, _ place: any Place<Duration>, _ range: ClosedRange<Int>) -> Setting {
        Setting(name: name) { value, settings in
            guard let number = Int(value), range.contains(number) else {
                return "must be whole seconds, from \(range.lowerBound) to \(range.upperBound)"
            }
            settings[keyPath: place] = .seconds(number)
            return nil
        }
    }

    private static func flag(_ name: String, _ place: any Place<Bool>) -> Setting {
        Setting(name: name) { value, settings in
            guard ["true", "false"].contains(value) else { return "must be true or false" }
            settings[keyPath: place] = value == "true"
            return nil
        }
    }
}
