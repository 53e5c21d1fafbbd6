import Accounts

extension SettingsReader {
    /// What passwords must be, and who needs one-time codes besides.
    static let passwords: [Setting] = [
        Setting(name: "PALCO_PASSWORD_POLICY") { value, settings in
            guard let rule = PasswordPolicy.Rule(rawValue: value) else { return "must be classes or length" }
            settings.passwordRule = rule
            return nil
        }.shown { $0.passwordRule.rawValue },
        Setting(name: "PALCO_PASSWORD_MAX_AGE") { value, settings in
            guard let seconds = Int(value), (3600...315_360_000).contains(seconds) else {
                return "must be whole seconds, from 3600 to 315360000, or empty for no end"
            }
            settings.passwordMaximumAge = .seconds(seconds)
            return nil
        }.shown(),
        Setting(name: "PALCO_PASSWORD_HISTORY") { value, settings in
            guard let count = Int(value), (0...10).contains(count) else { return "must be a whole number from 0 to 10" }
            settings.passwordHistory = count
            return nil
        }.shown { String($0.passwordHistory) },
        Setting(name: "PALCO_OTP_REQUIRED") { value, settings in
            let names = value.split(separator: ",").map { $0.filter { $0 != " " } }
            let roles = names.compactMap { Role(rawValue: $0) }
            guard roles.count == names.count else {
                return "must be roles separated by commas, of " + Role.allCases.map(\.rawValue).joined(separator: ", ")
            }
            settings.otpRoles = Set(roles)
            return nil
        }.shown(),
    ]
}
