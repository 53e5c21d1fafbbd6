import BaseEncoding

/// What servers tell each other on channels, as it travels.
struct ChannelFrame: Equatable {
    enum Kind: UInt8 {
        /// To whoever follows the channel.
        case message
        /// By the database only, as what follows: the sender's messages come this way from now on, and some of before may be lost.
        case begins
        /// The sender does not hear Redis.
        case isDeaf
        /// The sender hears Redis again.
        case hears
    }

    /// Of a message without what is around it.
    static let mostBytes = 64 << 10
    static let mostNameBytes = 512
    static let senderByteCount = 8
    private static let version: UInt8 = 1
    private static var headByteCount: Int { 2 + senderByteCount + 2 }
    private static var mostFrameBytes: Int { headByteCount + mostNameBytes + mostBytes }
    /// Of a notification without what stands before a piece, so that all of it stays below 8,000 bytes.
    private static let pieceSize = 7_900
    private static var mostPieces: Int { (mostFrameBytes + 2) / 3 * 4 / pieceSize + 1 }

    var kind: Kind
    var sender: [UInt8]
    var name = ""
    var message: [UInt8] = []

    init(_ kind: Kind, from sender: [UInt8]) { (self.kind, self.sender) = (kind, sender) }

    /// Nil where it is too long to travel.
    init?(_ message: [UInt8], to name: String, from sender: [UInt8]) {
        guard message.count <= Self.mostBytes, name.utf8.count <= Self.mostNameBytes else { return nil }
        (kind, self.sender, self.name, self.message) = (.message, sender, name, message)
    }

    /// Nil for what no server of this version writes.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.headByteCount, bytes.count <= Self.mostFrameBytes, bytes[0] == Self.version,
            let kind = Kind(rawValue: bytes[1])
        else { return nil }
        let count = Int(bytes[Self.headByteCount - 2]) << 8 | Int(bytes[Self.headByteCount - 1])
        let rest = bytes[Self.headByteCount...]
        guard rest.count >= count, let name = String(validating: rest.prefix(count), as: UTF8.self) else { return nil }
        self.kind = kind
        sender = Array(bytes[2..<2 + Self.senderByteCount])
        self.name = name
        message = Array(rest.dropFirst(count))
    }

    var bytes: [UInt8] {
        let name = Array(name.utf8)
        return [Self.version, kind.rawValue] + sender + [UInt8(name.count >> 8), UInt8(name.count & 255)] + name
            + message
    }

    /// As notifications, which are short texts: `number index/count piece`.
    ///
    /// - Parameter number: tells frames of one sender apart.
    func pieces(number: UInt64) -> [String] {
        let text = Array(Base64.standard.encode(bytes).utf8)
        let count = (text.count + Self.pieceSize - 1) / Self.pieceSize
        return (0..<count).map { index in
            let piece = text[index * Self.pieceSize..<min(text.count, (index + 1) * Self.pieceSize)]
            return "\(Hex.encode(sender)).\(number) \(index)/\(count) \(String(decoding: piece, as: UTF8.self))"
        }
    }

    /// Puts pieces together again. Those of one frame come one after the other.
    struct Joiner {
        private var head = ""
        private var next = 0
        private var text = ""

        /// The frame whose last piece this is.
        mutating func take(_ payload: String) -> ChannelFrame? {
            let parts = payload.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 3, case let place = parts[1].split(separator: "/"), place.count == 2,
                let index = Int(place[0]), let count = Int(place[1]), (1...mostPieces).contains(count),
                (0..<count).contains(index)
            else { return nil }
            if index == 0 { (head, next, text) = (String(parts[0]), 0, "") }
            guard parts[0] == head, index == next else {
                forget()
                return nil
            }
            next += 1
            text += parts[2]  // bound: mostPieces
            guard next == count else { return nil }
            defer { forget() }
            return Base64.standard.decode(text).flatMap { ChannelFrame($0) }
        }

        mutating func forget() { (head, next, text) = ("", 0, "") }
    }
}
