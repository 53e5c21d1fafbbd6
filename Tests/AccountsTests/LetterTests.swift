import FoundationEssentials
import Mail
import Testing

@testable import Accounts

@Suite("Letters")
struct LetterTests {
    private static let link = "https://video.example.org/reset#token=abc"
    private static let other = "https://video.example.org/forgot"
    private static let letters: [Letter] = [
        .verification(link: link, lifetime: 86_400), .accountExists(signIn: link, reset: other),
        .passwordReset(link: link, lifetime: 3_600), .firstPassword(link: link, lifetime: 7 * 86_400),
        .invitation(link: link, lifetime: 2 * 86_400), .accountLocked(time: 86_400, reset: link),
        .passwordChanged(reset: link), .signInCodesChanged(areOn: true, reset: link),
        .signInCodesChanged(areOn: false, reset: link), .codesLocked(time: 86_400, reset: link),
    ]

    private func message(_ letter: Letter, _ locale: String?, name: String? = "Ann") throws -> MailMessage {
        let address = try #require(MailAddress("ann@example.org"))
        return MailMessage(letter, to: address, name: name, locale: locale, site: "video.example.org")
    }

    @Test(
        "Each is in three languages, as text and as a page, with its link in both",
        arguments: [("en", "a"), ("es", "ñóáéíú"), ("ru", "оеаи")])
    func languages(locale: String, letters: String) throws {
        var subjects: Set<String> = []
        for letter in Self.letters {
            let mail = try message(letter, locale)
            #expect(mail.language.rawValue == locale && !mail.subject.isEmpty)
            #expect(mail.text.contains(":\n\(Self.link)\n") && mail.text.hasSuffix("\n-- \nvideo.example.org\n"))
            #expect(mail.html.contains("href=\"\(Self.link)\"") && mail.html.contains("<html lang=\"\(locale)\">"))
            #expect(mail.text.split(separator: "\n").allSatisfy { !$0.contains("%") && !$0.contains("\\(") })
            let english = try message(letter, "en")
            if locale != "en" {
                #expect(mail.subject != english.subject && mail.text.contains(where: letters.contains))
            }
            subjects.insert(mail.subject)
        }
        #expect(subjects.count == Self.letters.count)
    }

    @Test(
        "The nearest language to a person's choice is taken",
        arguments: [
            ("es-MX", "es"), ("RU", "ru"), ("ru-Latn-RU", "ru"), ("de", "en"), ("", "en"), ("x", "en"), (nil, "en"),
            ("esperanto", "en"),
        ])
    func nearest(locale: String?, language: String) throws {
        #expect(try message(Self.letters[0], locale).language.rawValue == language)
    }

    @Test("A name is text, whatever it holds")
    func escaping() throws {
        let name = #"<img src=x onerror="alert('1')"> & Co"#
        let mail = try message(Self.letters[6], "en", name: name)
        #expect(mail.text.hasPrefix("Hello \(name),\n"))
        #expect(mail.html.contains("Hello &lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; Co,"))
        #expect(!mail.html.contains("<img"))
    }

    private static let day = 86_400
    private static let spans: [(seconds: Int, english: String, spanish: String, russian: String)] = [
        (60, "one minute", "un minuto", "1 минуту"), (1_200, "20 minutes", "20 minutos", "20 минут"),
        (3_600, "one hour", "una hora", "1 час"), (day, "24 hours", "24 horas", "24 часа"),
        (2 * day, "2 days", "2 días", "2 дня"), (11 * day, "11 days", "11 días", "11 дней"),
        (21 * day, "21 days", "21 días", "21 день"),
    ]

    @Test("Times are said as people say them", arguments: spans)
    func times(seconds: Int, english: String, spanish: String, russian: String) throws {
        let letter = Letter.invitation(link: Self.link, lifetime: TimeInterval(seconds))
        #expect(try message(letter, "en").text.contains("good for \(english), and once"))
        #expect(try message(letter, "es").text.contains("válida durante \(spanish) y"))
        #expect(try message(letter, "ru").text.contains("действует \(russian) и"))
    }
}
