import FoundationEssentials
import Mail

/// What a person is told by mail. Links are whole addresses.
enum Letter: Sendable {
    /// Somebody, probably they, wants an account with their address.
    case verification(link: String, lifetime: TimeInterval)
    /// The same, and they have one.
    case accountExists(signIn: String, reset: String)
    case passwordReset(link: String, lifetime: TimeInterval)
    /// An administrator has made them an account.
    case firstPassword(link: String, lifetime: TimeInterval)
    case invitation(link: String, lifetime: TimeInterval)
    /// Wrong passwords have locked somebody out of their account.
    case accountLocked(time: TimeInterval, reset: String)
    /// Wrong one-time codes have: whoever sent them knows the password, or has a sign-in.
    case codesLocked(time: TimeInterval, reset: String)
    case passwordChanged(reset: String)
    /// One-time codes are asked for from now on, or no longer.
    case signInCodesChanged(areOn: Bool, reset: String)
}

/// The words of a letter in one language.
struct LetterText: Sendable {
    var subject: String
    var paragraphs: [String]
    var action: Action?
    /// Below the link.
    var ending: [String] = []

    struct Action: Sendable {
        var label: String
        var link: String
    }
}

extension MailMessage.Language {
    /// The one that is nearest to what a person has chosen (BCP 47); English where there is none.
    init(nearest locale: String?) {
        let language = locale?.split(separator: "-").first.map { $0.lowercased() } ?? ""
        self = Self(rawValue: language) ?? .english
    }

    func text(of letter: Letter, site: String) -> LetterText {
        switch self {
        case .english: .english(letter, site: site)
        case .spanish: .spanish(letter, site: site)
        case .russian: .russian(letter, site: site)
        }
    }

    fileprivate func greeting(_ name: String?) -> String {
        switch (self, name) {
        case (.english, let name?): "Hello \(name),"
        case (.english, nil): "Hello,"
        case (.spanish, let name?): "Hola, \(name):"
        case (.spanish, nil): "Hola:"
        case (.russian, let name?): "Здравствуйте, \(name)!"
        case (.russian, nil): "Здравствуйте!"
        }
    }
}

extension MailMessage {
    /// A letter as it is sent.
    ///
    /// - Parameters:
    ///   - name: whom it greets; nil where somebody else may have written it.
    ///   - site: what the installation is called.
    init(_ letter: Letter, to recipient: MailAddress, name: String?, locale: String?, site: String) {
        let language = Language(nearest: locale)
        let text = language.text(of: letter, site: site)
        let greeting = language.greeting(name)
        self.init(
            to: recipient, subject: text.subject, text: text.plain(greeting, site: site),
            html: text.html(greeting, site: site, language: language), language: language)
    }
}

extension LetterText {
    fileprivate func plain(_ greeting: String, site: String) -> String {
        var blocks = [greeting] + paragraphs
        if let action { blocks.append("\(action.label):\n\(action.link)") }
        blocks += ending
        // The mark above what is no part of the letter ends with a space (RFC 3676 4.3).
        return (blocks + ["-- \n\(site)"]).joined(separator: "\n\n") + "\n"
    }

    fileprivate func html(_ greeting: String, site: String, language: MailMessage.Language) -> String {
        func paragraph(_ text: String) -> String { "<p>\(Self.escaped(text))</p>" }
        var blocks = ([greeting] + paragraphs).map(paragraph)
        if let action {
            let link = Self.escaped(action.link)
            blocks.append(
                """
                <p><a href="\(link)" style="display:inline-block;padding:10px 18px;border-radius:6px;\
                background:#1f4fd8;color:#ffffff;text-decoration:none">\(Self.escaped(action.label))</a></p>
                <p style="font-size:13px;color:#555555;word-break:break-all">\(link)</p>
                """)
        }
        blocks += ending.map(paragraph)
        return """
            <!DOCTYPE html>
            <html lang="\(language.rawValue)">
            <head><meta charset="utf-8"><title>\(Self.escaped(subject))</title></head>
            <body style="margin:0;padding:24px;font-family:sans-serif;font-size:16px;line-height:1.5;color:#1a1a1a">
            <div style="max-width:36em">
            \(blocks.joined(separator: "\n"))
            <p style="font-size:13px;color:#555555">\(Self.escaped(site))</p>
            </div>
            </body>
            </html>

            """
    }

    static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, letter in
            switch letter {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(letter)
            }
        }
    }
}

/// A length of time as people say it: whole days from two on, else whole hours, else minutes.
enum LetterSpan {
    case days(Int)
    case hours(Int)
    case minutes(Int)

    init(_ seconds: TimeInterval) {
        let minutes = max(1, Int(clamping: Int64((seconds / 60).rounded())))
        switch minutes {
        case 2_880...: self = .days(minutes / 1_440)
        case 60...: self = .hours(minutes / 60)
        default: self = .minutes(minutes)
        }
    }
}
