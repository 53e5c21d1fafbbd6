import Reactor
import Synchronization
import Testing

@testable import HTTP
@testable import HTTPClient

/// Against a mail server that says what a test wants; real ones with TLS and sign-in are clients' tests.
@Suite("Mail servers")
struct SMTPTests {
    /// What a server answers, by the first word of a command; the rest it takes. An empty answer is silence.
    typealias Answers = [String: String]

    private final class Heard: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private static let usual: Answers = [
        "greeting": "220 mail.test", "EHLO": "250-mail.test\r\n250 8BITMIME", "DATA": "354 go on",
        ".": "250 2.0.0 taken as 17",
        "QUIT": "221 bye",
    ]

    /// Hands over what `answers` makes of it, and what the server heard.
    private func send(
        _ message: String = "Subject: S\r\n\r\nHello\r\n", to recipient: String = "ann@example.org",
        address: String = "?starttls=no",
        timeouts: SMTPClient.Timeouts = SMTPClient.Timeouts(), answers: Answers = [:]
    ) async throws -> (error: SMTPError?, heard: [String]) {
        var outcome: SMTPError?
        let heard = Heard()
        try await ClientHouse.run { house in
            let url = try house.listen { connection in
                try await Self.serve(connection, Self.usual.merging(answers) { $1 }, heard)
            }
            let port = try #require(url.split(separator: ":").last)
            let server = try #require(SMTPServer("smtp://127.0.0.1:\(port)\(address)"))
            let client = try SMTPClient(server, greeting: "video.example.org", timeouts: timeouts)
            do {
                try await client.send(Array(message.utf8), from: "noreply@example.org", to: recipient)
            } catch let error as SMTPError {
                outcome = error
            }
            await client.shutdown()
        }
        return (outcome, heard.all)
    }

    private static func serve(_ connection: Connection, _ answers: Answers, _ heard: Heard) async throws {
        func answer(_ command: String) async throws {
            let text = answers[command] ?? "250 fine"
            if text == "close" { throw CancellationError() }
            if !text.isEmpty { try await connection.write(text + "\r\n") }
        }
        var buffer = ByteBuffer(capacity: 16 << 10)
        var text = ""
        var isMessage = false
        try await answer("greeting")
        while try await connection.read(into: &buffer) > 0 {
            text += String(decoding: buffer.readableBytes, as: UTF8.self)
            buffer.removeAll()
            while let end = text.firstRange(of: "\r\n") {
                let line = String(text[..<end.lowerBound])
                text = String(text[end.upperBound...])
                heard.add(line)
                if isMessage, line != "." { continue }
                isMessage = line == "DATA" && answers["DATA"]?.hasPrefix("354") == true
                try await answer(line.split(separator: " ").first.map(String.init) ?? "")
            }
        }
    }

    @Test("A mail is handed over as the standard says, and the server is told that this was all")
    func handedOver() async throws {
        let (error, heard) = try await send("Subject: S\r\n\r\n.\r\nHello\r\n")
        #expect(error == nil)
        #expect(
            heard == [
                "EHLO video.example.org", "MAIL FROM:<noreply@example.org>", "RCPT TO:<ann@example.org>", "DATA",
                "Subject: S", "",
                "..", "Hello", ".", "QUIT",
            ])
    }

    @Test(
        "What a server refuses is told apart by whether it may take it later",
        arguments: [
            (["greeting": "554 not you"], SMTPError.Code.refusedNow), (["greeting": "421 later"], .refusedNow),
            (["MAIL": "451 later"], .refusedNow), (["MAIL": "550 not from you"], .refusedNow),
            (["MAIL": "530 5.7.0 sign in first"], .refusedSignIn), (["RCPT": "450 full"], .refusedNow),
            (["RCPT": "550 5.1.1 nobody has this name"], .refusedForGood), (["DATA": "554 no"], .refusedForGood),
            ([".": "452 no room"], .refusedNow), ([".": "552 too large"], .refusedForGood),
            (["RCPT": "close"], .disconnected), ([".": "close"], .disconnected),
        ])
    func refusals(answers: Answers, code: SMTPError.Code) async throws {
        let (error, heard) = try await send(answers: answers)
        #expect(error?.code == code, "\(error?.detail ?? "it was taken"), \(heard)")
        let reply = answers.values.first ?? ""
        if reply != "close" { #expect(error?.detail.hasSuffix(reply) == true, "\(error?.detail ?? "")") }
    }

    private static let impatient: SMTPClient.Timeouts = {
        var timeouts = SMTPClient.Timeouts()
        timeouts.stalled = .milliseconds(50)
        return timeouts
    }()

    @Test(
        "A server that falls silent anywhere is given up", arguments: ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "."])
    func silence(command: String) async throws {
        let began = ContinuousClock.now
        let (error, _) = try await send(timeouts: Self.impatient, answers: [command: ""])
        #expect(error?.code == .timedOut)
        // libcurl would wait two minutes for the answer to its QUIT, and all other mails with it.
        #expect(began.duration(to: .now) < .seconds(60))
    }

    @Test("A server that has taken the mail and falls silent then has taken it")
    func silentFarewell() async throws {
        let (error, heard) = try await send(answers: ["QUIT": ""])
        #expect(error == nil && heard.last == "QUIT")
    }

    @Test("Where TLS is wanted and not offered, or refused, nothing is said", arguments: [false, true])
    func noTLS(isOffered: Bool) async throws {
        let answers = isOffered ? ["EHLO": "250-mail.test\r\n250 STARTTLS", "STARTTLS": "454 not now"] : [:]
        let (error, heard) = try await send(address: "", answers: answers)
        #expect(error?.code == .insecure)
        #expect(heard.allSatisfy { $0.hasPrefix("EHLO") || $0 == "STARTTLS" || $0 == "QUIT" }, "\(heard)")
    }

    @Test("Nobody there is no refusal")
    func nobodyThere() async throws {
        let server = try #require(SMTPServer("smtp://127.0.0.1:1?starttls=no"))
        let client = try SMTPClient(server, greeting: "video.example.org")
        let error = await #expect(throws: SMTPError.self) {
            try await client.send([], from: "noreply@example.org", to: "ann@example.org")
        }
        #expect(error?.code == .unreachable)
        await client.shutdown()
        let late = await #expect(throws: SMTPError.self) { try await client.check() }
        #expect(late?.code == .stopping)
    }

    @Test(
        "An address that would end a command is refused here",
        arguments: ["ann@example.org>\r\nRCPT TO:<eve@example.net", "a b@example.org", "a\nb@example.org", ""])
    func badAddresses(address: String) async throws {
        let (error, heard) = try await send(to: address)
        #expect(error?.code == .refusedForGood && heard.isEmpty)
    }

    @Test(
        "Where a mail server is, and how it is spoken to",
        arguments: [
            ("smtp://mail.example.org", "smtp://mail.example.org:587", SMTPServer.Security.startTLS, nil),
            ("smtp://palco@mail.example.org:25/", "smtp://mail.example.org:25", .startTLS, "palco"),
            ("smtps://pal%40co%3A@MAIL.example.org", "smtps://mail.example.org:465", .implicitTLS, "pal@co:"),
            ("smtp://[::1]:2525?starttls=no", "smtp://[::1]:2525", .none, nil),
            ("smtp://a@b@c.example", "smtp://c.example:587", .startTLS, "a@b"),
        ])
    func addresses(text: String, shown: String, security: SMTPServer.Security, user: String?) throws {
        let server = try #require(SMTPServer(text))
        #expect(server.description == shown && server.security == security && server.user == user)
        #expect(String(reflecting: server) == shown)
    }

    @Test(
        "What is no address of a mail server",
        arguments: [
            "mail.example.org", "http://mail.example.org", "smtp://", "smtp://@host", "smtp://user:password@host",
            "smtp://host:0", "smtp://host:70000", "smtp://host:+1", "smtp://host/path", "smtp://host?starttls=yes",
            "smtps://host?starttls=no", "smtp://user@host?starttls=no", "smtp://ho st", "smtp://host\r\n",
            "smtp://[::1",
            "smtp://%zz@host", "smtp://a%0Ab@host",
        ])
    func noAddresses(text: String) {
        #expect(SMTPServer(text) == nil)
    }
}
