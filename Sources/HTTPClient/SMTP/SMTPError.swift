import CCurl

/// Why a server did not take a mail.
public struct SMTPError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// Its name is not known, or nobody listens there.
        case unreachable
        /// It does not speak TLS, or its certificate is not good for its name.
        case insecure
        /// It does not take the user and the password.
        case refusedSignIn
        /// It does not want this mail now (4yz), or not from this sender: later it may.
        case refusedNow
        /// It will never take this mail (5yz).
        case refusedForGood
        case timedOut
        case disconnected
        /// `SMTPClient.shutdown` was called.
        case stopping
        case library
    }

    public let code: Code
    /// What happened, with the server's last words.
    public let detail: String

    public var description: String { detail }

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// - Parameters:
    ///   - reply: the last line that the server said, such as `550 5.1.1 nobody here has this name`.
    ///   - hasSentMessage: the server has got all of the message, so the reply is about it.
    init(_ status: CURLcode, _ text: String, reply: String, hasSentMessage: Bool) {
        let number = Int(reply.prefix(3)) ?? 0
        let code: Code =
            switch status {
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: .unreachable
            case CURLE_USE_SSL_FAILED, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR: .insecure
            case CURLE_LOGIN_DENIED: .refusedSignIn
            case CURLE_OPERATION_TIMEDOUT: .timedOut
            case CURLE_SEND_ERROR, CURLE_WEIRD_SERVER_REPLY, CURLE_RECV_ERROR:
                Self.refusal(
                    number, isOfSender: text.contains(": MAIL failed"),
                    isOfMail: status == CURLE_SEND_ERROR || hasSentMessage)
            case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: .disconnected
            default: .library
            }
        self.init(code, reply.isEmpty || number < 400 ? text : "\(text): \(reply)")
    }

    /// RFC 5321 4.2.1. What is said about the connection, the sender or the sign-in is for the operator to mend, and the mail waits.
    private static func refusal(_ reply: Int, isOfSender: Bool, isOfMail: Bool) -> Code {
        switch reply {
        case 530, 535: .refusedSignIn
        case 500...599 where isOfMail && !isOfSender: .refusedForGood
        case 400...599: .refusedNow
        default: .disconnected
        }
    }
}
