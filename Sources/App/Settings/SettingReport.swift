/// Where a setting's value comes from.
public enum SettingSource: String, Sendable, Encodable {
    /// Nobody has set it.
    case standard = "default"
    /// The process's environment, or an option of the command line.
    case environment
    /// The file `.env`.
    case file
}

/// What somebody has set.
public struct GivenSetting: Sendable, Equatable {
    /// As it was written; nil where it is a secret, or may be one.
    public let value: String?
    public let source: SettingSource
}

/// A setting as administrators may see it.
struct SettingReport: Sendable, Equatable, Encodable {
    let name: String
    /// As it holds; nil where that is a secret, or nothing.
    let value: String?
    let source: SettingSource
    let isSecret: Bool

    private enum CodingKeys: String, CodingKey { case name, value, source, isSecret }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(value, forKey: .value)
        try container.encode(source, forKey: .source)
        try container.encode(isSecret, forKey: .isSecret)
    }
}

extension SettingsReader.Setting {
    /// The same setting, whose value anybody may see who administers the server. A setting for which this is not said is taken for a
    /// secret.
    ///
    /// - Parameter text: the value as it would be written, from settings; nil for none.
    func shown(_ text: @escaping @Sendable (Settings) -> String? = { _ in nil }) -> Self {
        var setting = self
        setting.text = text
        return setting
    }

    func given(_ value: String, from source: SettingSource) -> GivenSetting {
        GivenSetting(value: isSecret || Self.holdsCredentials(value) ? nil : value, source: source)
    }

    var isSecret: Bool { text == nil || ["_PASSWORD", "_SECRET", "_TOKEN"].contains(where: name.hasSuffix) }

    /// An address with a user in it.
    private static func holdsCredentials(_ value: String) -> Bool {
        guard let start = value.firstRange(of: "://") else { return false }
        return value[start.upperBound...].prefix { $0 != "/" }.contains("@")
    }
}

extension ProviderSettings {
    /// What anybody may see of a provider who administers the server.
    private static let shown = ["_ISSUER", "_CLIENT_ID", "_LABEL", "_PRESET", "_SCOPES", "_TENANT"]

    static func given(_ name: String, _ value: String, from source: SettingSource) -> GivenSetting {
        GivenSetting(value: shown.contains(where: name.hasSuffix) ? value : nil, source: source)
    }
}

extension Settings {
    /// All settings there are, in the order of their list.
    var reports: [SettingReport] {
        let providers = given.filter { $0.key.hasPrefix(ProviderSettings.prefix) }.sorted { $0.key < $1.key }
        return single
            + providers.map { name, given in
                SettingReport(name: name, value: given.value, source: given.source, isSecret: given.value == nil)
            }
    }

    private var single: [SettingReport] {
        SettingsReader.all.map { setting in
            let given = given[setting.name]
            let isSecret = setting.isSecret || given.map { $0.value == nil } ?? false
            return SettingReport(
                name: setting.name, value: isSecret ? nil : given?.value ?? setting.text?(self),
                source: given?.source ?? .standard, isSecret: isSecret)
        }
    }

    /// Those that somebody has given another value than they have by themselves.
    var changed: [SettingReport] {
        let standard = Dictionary(uniqueKeysWithValues: Settings().reports.map { ($0.name, $0.value) })
        return reports.filter { report in
            report.source != .standard && (report.isSecret || report.value != standard[report.name] ?? nil)
        }
    }
}
