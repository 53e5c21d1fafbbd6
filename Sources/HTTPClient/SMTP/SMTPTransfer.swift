import CCurl
import Glibc
import Reactor

/// One conversation with a mail server. Confined to its driver's loop.
final class SMTPTransfer: CurlTransfer, @unchecked Sendable {
    // @unchecked: immutable, or confined to the driver's loop.

    enum Errand: Sendable {
        case mail(from: String, to: String, [UInt8])
        /// Connects and signs in only.
        case nothing
    }

    private let client: SMTPClient
    private let errand: Errand
    private let message: [UInt8]
    private let deadline: MonotonicTime

    private var driver: CurlLoop?
    private var handle: EasyHandle?
    private var isFinished = false
    private var waiter: UnsafeContinuation<Void, any Error>?

    private var position = 0
    private var hasSentMessage = false
    /// The last line that the server said.
    private var reply = ""
    private var progress = MonotonicTime.now

    private static let longestReply = 512
    /// How long the answer to QUIT is waited for, in seconds: libcurl lets its whole thread wait for it.
    private static let farewell = 3
    /// The same where the conversation is broken off.
    private static let leave = 1

    init(_ client: SMTPClient, _ errand: Errand) {
        self.client = client
        self.errand = errand
        if case .mail(_, _, let message) = errand { self.message = message } else { message = [] }
        deadline = .now + client.timeouts.whole
    }

    /// Once.
    func run(on driver: CurlLoop) async throws {
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
                driver.loop.execute { [self] in
                    guard !isFinished else { return continuation.resume(throwing: CancellationError()) }
                    waiter = continuation
                    self.driver = driver
                    do {
                        let handle = try EasyHandle()
                        self.handle = handle
                        try set(handle)
                        try driver.add(self, handle.pointer)
                    } catch {
                        finish(error)
                    }
                }
            }
        } onCancel: {
            driver.loop.execute { [self] in finish(CancellationError()) }
        }
    }

    func ended(_ code: CURLcode) {
        guard code != CURLE_OK else { return finish(nil) }
        finish(
            SMTPError(
                code, "\(client.server): \(handle?.errorText ?? "")", reply: reply, hasSentMessage: hasSentMessage))
    }

    func finish(_ failure: (any Error)?) {
        guard !isFinished else { return }
        isFinished = true
        if failure != nil { try? handle?.set(CURLOPT_SERVER_RESPONSE_TIMEOUT, Self.leave) }
        if let handle { driver?.remove(handle.pointer) }
        handle = nil
        guard let waiter else { return }
        self.waiter = nil
        guard let failure else { return waiter.resume() }
        let stopping = (failure as? HTTPClientError)?.code == .stopping
        waiter.resume(throwing: stopping ? SMTPError(.stopping, "no more mail is sent") : failure)
    }

    func checkTime() {
        let now = MonotonicTime.now
        guard now >= deadline || now >= progress + client.timeouts.stalled else { return }
        finish(
            SMTPError(.timedOut, "\(client.server) is too slow\(reply.isEmpty ? "" : ", its last word was: \(reply)")"))
    }

    // MARK: Options

    private func set(_ handle: EasyHandle) throws {
        let server = client.server
        try handle.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        try handle.set(CURLOPT_URL, "\(server)/\(client.greeting)")
        try handle.set(CURLOPT_NOSIGNAL, 1)
        try handle.set(CURLOPT_QUICK_EXIT, 1)
        // While libcurl waits for the answer to a whole message nothing else runs on its thread, `checkTime` neither.
        let stalled = client.timeouts.stalled.components
        try handle.set(CURLOPT_SERVER_RESPONSE_TIMEOUT, Int(stalled.seconds) + (stalled.attoseconds > 0 ? 1 : 0))
        // Empty texts keep libcurl from looking into the environment.
        try handle.set(CURLOPT_PROXY, "")
        try handle.set(CURLOPT_NOPROXY, "")
        // A connection that the server closed meanwhile would be a failure of the next mail.
        try handle.set(CURLOPT_FRESH_CONNECT, 1)
        try handle.set(CURLOPT_FORBID_REUSE, 1)
        try handle.set(
            CURLOPT_USE_SSL, server.security == .startTLS ? CURLUSESSL_ALL.rawValue : CURLUSESSL_NONE.rawValue)
        try handle.verifyServers(by: server.authorities)
        if let user = server.user {
            try handle.set(CURLOPT_USERNAME, user)
            try handle.set(CURLOPT_PASSWORD, server.password ?? "")
        }
        switch errand {
        case .mail(let sender, let recipient, let message):
            try handle.set(CURLOPT_MAIL_FROM, "<\(sender)>")
            try handle.set(CURLOPT_MAIL_RCPT, ["<\(recipient)>"])
            try handle.set(CURLOPT_UPLOAD, 1)
            try handle.check(
                ccurl_set_offset(handle.pointer, CURLOPT_INFILESIZE_LARGE, curl_off_t(message.count)),
                CURLOPT_INFILESIZE_LARGE)
        case .nothing:
            try handle.set(CURLOPT_CUSTOMREQUEST, "NOOP")
            try handle.set(CURLOPT_NOBODY, 1)
        }
        try setCallbacks(handle)
    }

    private func setCallbacks(_ handle: EasyHandle) throws {
        let this = Unmanaged.passUnretained(self).toOpaque()
        for option in [CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_READDATA] {
            try handle.check(ccurl_set_pointer(handle.pointer, option, this), option)
        }
        // What the server says comes as header lines.
        ccurl_set_receiver(handle.pointer, CURLOPT_HEADERFUNCTION) { bytes, size, count, transfer in
            SMTPTransfer.of(transfer).heard(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
        ccurl_set_receiver(handle.pointer, CURLOPT_WRITEFUNCTION) { _, size, count, _ in size * count }
        ccurl_set_sender(handle.pointer) { room, size, count, transfer in
            SMTPTransfer.of(transfer).send(into: UnsafeMutableRawBufferPointer(start: room, count: size * count))
        }
        ccurl_set_opener(handle.pointer) { _, _, address in
            guard let address else { return CURL_SOCKET_BAD }
            let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
            return socket(address.pointee.family, type, address.pointee.protocol)
        }
    }

    private static func of(_ pointer: UnsafeMutableRawPointer?) -> SMTPTransfer {
        guard let pointer else { preconditionFailure("libcurl lost the transfer of a callback") }
        return Unmanaged<SMTPTransfer>.fromOpaque(pointer).takeUnretainedValue()
    }

    // MARK: What libcurl calls

    private func heard(_ line: UnsafeRawBufferPointer) {
        progress = .now
        let text = String(decoding: line.prefix(Self.longestReply), as: UTF8.self).prefix { !$0.isNewline }
        // What is answered to QUIT says nothing of the mail.
        guard !text.hasPrefix("221") else { return }
        reply = String(text)
        // The mail is there, or is refused. What is left is QUIT.
        if hasSentMessage || reply.first == "4" || reply.first == "5" {
            try? handle?.set(CURLOPT_SERVER_RESPONSE_TIMEOUT, Self.farewell)
        }
    }

    private func send(into room: UnsafeMutableRawBufferPointer) -> Int {
        progress = .now
        let count = min(room.count, message.count - position)
        message.withUnsafeBytes { room.copyMemory(from: .init(rebasing: $0[position..<position + count])) }
        position += count
        hasSentMessage = position == message.count
        return count
    }
}
