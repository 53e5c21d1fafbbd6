import FoundationEssentials
import Synchronization

/// A mail as it arrived.
struct ReceivedMail: Sendable, Equatable {
    var recipient: String
    /// With what was quoted set free.
    var content: String

    /// What stands behind `name=` in the first link to a page.
    func token(_ page: String, _ name: String = "token") -> String? {
        guard let start = content.firstRange(of: "\(page)#\(name)=") else { return nil }
        return String(content[start.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
    }

    func field(_ name: String) -> String? {
        content.split(separator: "\r\n").first { $0.hasPrefix("\(name): ") }.map {
            String($0.dropFirst(name.count + 2))
        }
    }
}

/// What a mail server of a test has taken.
final class Mailbox: Sendable {
    private let mails = Mutex<[ReceivedMail]>([])

    var all: [ReceivedMail] { mails.withLock { $0 } }

    func take(_ message: [UInt8], _ recipient: String) {
        mails.withLock { $0.append(ReceivedMail(recipient: recipient, content: Self.unquoted(message))) }
    }

    private static func unquoted(_ message: [UInt8]) -> String {
        var bytes: [UInt8] = []
        var rest = message[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "=") else {
                bytes.append(byte)
                continue
            }
            let next = rest.prefix(2)
            if next.elementsEqual("\r\n".utf8) {
                rest = rest.dropFirst(2)
            } else if let value = UInt8(String(decoding: next, as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
