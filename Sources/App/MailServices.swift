import FoundationEssentials
import HTTPClient
import Mail
import SQL
import Telemetry

/// How mail leaves.
struct MailServices: Sendable {
    let queue: MailQueue
    let client: SMTPClient

    /// Nil where no mail server is set.
    ///
    /// - Throws: `HTTPClientError` where libcurl is missing.
    init?(_ settings: Settings, database: Database, log: Log) throws {
        guard let client = try settings.mailClient else { return nil }
        let queue = settings.mailQueue(in: database, log: log) { message, sender, recipient in
            do {
                try await client.send(message, from: sender, to: recipient)
            } catch let error as SMTPError where error.code == .refusedForGood {
                throw MailRefused(error.detail)
            }
        }
        guard let queue else { return nil }
        self.queue = queue
        self.client = client
    }
}

extension Settings {
    /// Nil where no mail server is set.
    ///
    /// - Throws: `HTTPClientError` where libcurl is missing.
    var mailClient: SMTPClient? {
        get throws {
            guard let mailServer, let mailFrom else { return nil }
            // What we are called in a conversation with a mail server: one word of a name.
            let isName = mailFrom.domain.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (0x30...0x39).contains(byte)
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
            }
            return try SMTPClient(mailServer, greeting: isName ? String(mailFrom.domain) : "localhost")
        }
    }

    /// Nil where no mail server is set.
    func mailQueue(in database: Database, log: Log, carry: @escaping MailCarrier) -> MailQueue? {
        guard mailServer != nil, let mailFrom else { return nil }
        return MailQueue(from: mailFrom, database: database, log: log, now: { database.now }, carry: carry)
    }

    /// Where people reach this installation, without a slash at its end; nil where nothing says so.
    var publicAddress: String? {
        if let publicURL { return publicURL }
        return tlsNames.first.map { "https://\($0)" + (tlsPort == 443 ? "" : ":\(tlsPort)") }
    }
}
