import Reactor
import Synchronization

/// Hands mails to a server that carries them on (RFC 6409), by libcurl on an event loop of its own.
///
/// - Rule: with TLS unless the server's address says otherwise; certificates are always verified.
/// - Why a loop of its own: libcurl waits on the spot for the answers to the whole message and to `QUIT`.
public final class SMTPClient: Sendable {
    /// Both are kept to within a second.
    public struct Timeouts: Sendable {
        /// How long the server may say nothing and take nothing.
        public var stalled = Duration.seconds(60)
        /// From the name lookup to the server's last word.
        public var whole = Duration.seconds(120)

        public init() {}
    }

    public let server: SMTPServer
    let timeouts: Timeouts
    /// What we call ourselves (RFC 5321 4.1.1.1).
    let greeting: String
    private let loops: EventLoopGroup
    private let driver: CurlLoop
    private let isShutDown = Atomic(false)

    /// A mail server that is slow need not keep others from sending.
    private static let mostConnections = 8

    /// - Parameter greeting: a host name.
    /// - Throws: `HTTPClientError` with `library` where libcurl is missing.
    public init(_ server: SMTPServer, greeting: String, timeouts: Timeouts = Timeouts()) throws {
        try CurlLoop.checkLibrary()
        self.server = server
        self.greeting = greeting
        self.timeouts = timeouts
        loops = try EventLoopGroup(count: 1)
        driver = CurlLoop(loop: loops.next(), connectionsPerHost: Self.mostConnections)
    }

    /// Returns when the server has taken the message over.
    ///
    /// - Parameters:
    ///   - message: all of it, with CRLF at the ends of its lines (RFC 5322).
    ///   - sender, recipient: addresses without names and brackets.
    /// - Throws: `SMTPError`; `CancellationError`, after which the message may have been taken all the same.
    public func send(_ message: [UInt8], from sender: String, to recipient: String) async throws {
        // They stand in commands of one line each.
        for address in [sender, recipient] where !Self.isOneWord(address) {
            throw SMTPError(.refusedForGood, "an address holds what no address may")
        }
        try await run(SMTPTransfer(self, .mail(from: sender, to: recipient, message)))
    }

    private static func isOneWord(_ address: String) -> Bool {
        !address.isEmpty
            && address.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F && $0 != "<" && $0 != ">" }
    }

    /// Connects, signs in, and does nothing there: whether mail would get as far as the server.
    ///
    /// - Throws: `SMTPError`.
    public func check() async throws {
        try await run(SMTPTransfer(self, .nothing))
    }

    private func run(_ transfer: SMTPTransfer) async throws {
        // The loop is gone by then.
        guard !isShutDown.load(ordering: .acquiring) else { throw SMTPError(.stopping, "no more mail is sent") }
        try await transfer.run(on: driver)
    }

    /// Ends what is under way; later mails fail with `stopping`.
    public func shutdown() async {
        isShutDown.store(true, ordering: .releasing)
        await withUnsafeContinuation { continuation in
            driver.loop.execute { [driver] in
                driver.close()
                continuation.resume()
            }
        }
        await loops.shutdown()
    }
}
