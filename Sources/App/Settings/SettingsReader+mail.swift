import Accounts
import FoundationEssentials
import HTTPClient
import Mail

extension SettingsReader {
    /// Of mail, and of who may have an account.
    static let mail: [Setting] = [
        Setting(name: "PALCO_PUBLIC_URL") { value, settings in
            let base = value.hasSuffix("/") ? String(value.dropLast()) : value
            let rest = ["https://", "http://"].first(where: base.hasPrefix).map { base.dropFirst($0.count) }
            guard let rest, !rest.isEmpty, rest.utf8.count <= 260, rest.utf8.allSatisfy(isPlacePart) else {
                return "must be an address like https://video.example.org, without a path"
            }
            settings.publicURL = base
            return nil
        }.shown { $0.publicURL },
        Setting(name: "PALCO_SMTP") { value, settings in
            guard let server = SMTPServer(value) else {
                return
                    "must be an address like smtp://user@mail.example.org:587 or smtps://mail.example.org, without the password"
            }
            settings.mailServer = server
            return nil
        }.shown { $0.mailServer?.description },
        Setting(name: "PALCO_SMTP_PASSWORD") { value, settings in
            settings.mailPassword = value
            return nil
        },
        Setting(name: "PALCO_SMTP_PASSWORD_FILE") { value, settings in
            guard let text = try? String(contentsOfFile: value, encoding: .utf8),
                let line = text.split(whereSeparator: \.isNewline).first
            else { return "must be a file that can be read and holds the password" }
            settings.mailPassword = String(line)
            return nil
        },
        optionalText("PALCO_SMTP_CA", \.mailAuthorities).shown { $0.mailAuthorities },
        Setting(name: "PALCO_MAIL_FROM") { value, settings in
            guard let sender = MailAddress(parsing: value) else {
                return "must be an address like noreply@example.org, or Palco <noreply@example.org>"
            }
            settings.mailFrom = sender
            return nil
        }.shown { $0.mailFrom?.address },
        Setting(name: "PALCO_REGISTRATION") { value, settings in
            switch value {
            case "closed": settings.registration = .closed
            case "open": settings.registration = .open
            case "invitation": settings.registration = .invitation
            case "domains": settings.registration = .domains([])
            default: return "must be closed, open, invitation or domains"
            }
            return nil
        }.shown { $0.registration.name },
        hostNames("PALCO_REGISTRATION_DOMAINS", \.registrationDomains),
        flag("PALCO_VERIFY_EMAIL", \.verifiesEmail),
        flag("PALCO_SELF_REMOVAL", \.allowsSelfRemoval),
    ]

    /// What these settings must be together.
    ///
    /// - Throws: `SettingError`.
    static func checkMail(_ settings: inout Settings) throws(SettingError) {
        if case .domains = settings.registration {
            guard !settings.registrationDomains.isEmpty else {
                throw SettingError(
                    name: "PALCO_REGISTRATION_DOMAINS",
                    advice: "must name the domains whose addresses may register, like example.org,example.net")
            }
            settings.registration = .domains(settings.registrationDomains)
        }
        guard var server = settings.mailServer else { return }
        guard settings.mailFrom != nil else {
            throw SettingError(name: "PALCO_MAIL_FROM", advice: "must be set with PALCO_SMTP: whom mails are from")
        }
        guard settings.publicAddress != nil else {
            throw SettingError(
                name: "PALCO_PUBLIC_URL",
                advice: "must be set with PALCO_SMTP: mails hold links, like https://video.example.org")
        }
        guard (server.user != nil) == (settings.mailPassword != nil) else {
            throw SettingError(
                name: "PALCO_SMTP_PASSWORD",
                advice:
                    "goes with a user in PALCO_SMTP, like smtp://user@mail.example.org, and neither goes without the other"
            )
        }
        server.password = settings.mailPassword
        server.authorities = settings.mailAuthorities
        settings.mailServer = server
    }

    static func isPlacePart(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (0x30...0x39).contains(byte)
            || "-.:[]".utf8.contains(byte)
    }
}
