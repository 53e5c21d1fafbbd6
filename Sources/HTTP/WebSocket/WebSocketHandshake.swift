import BaseEncoding
import Cryptography

/// The opening handshake of a WebSocket, the server's side (RFC 6455 4.2).
public struct WebSocketHandshake {
    public enum Refusal: Error, Hashable, Sendable {
        /// The request does not ask for a WebSocket.
        case notAsked
        /// Of another version than 13, the only one there is.
        case unsupportedVersion
        /// It asks, but not as the standard says.
        case malformed
    }

    /// What the peers agreed to speak; nil when neither side names anything, or they have nothing in common.
    public let subprotocol: String?
    let deflate: PerMessageDeflate?
    private let accept: String

    /// - Parameters:
    ///   - subprotocols: those that the server speaks. The client's order decides.
    ///   - compresses: whether an offer of permessage-deflate is taken.
    public init(_ request: Request, subprotocols: [String] = [], compresses: Bool = true) throws(Refusal) {
        let headers = request.headers
        guard Self.lists(headers[.upgrade], "websocket"), Self.lists(headers[.connection], "upgrade") else {
            throw .notAsked
        }
        guard request.method == .get, request.body.expectedByteCount == 0 else { throw .malformed }
        guard headers[.secWebSocketVersion] == "13" else { throw .unsupportedVersion }
        guard let key = headers[.secWebSocketKey], Base64.standard.decode(key)?.count == 16 else { throw .malformed }
        accept = Self.accept(of: key)
        subprotocol = try Self.choose(among: subprotocols, headers[.secWebSocketProtocol])
        guard let offers = WebSocketOffers(parsing: headers[.secWebSocketExtensions] ?? "") else {
            throw .malformed
        }
        deflate = compresses ? PerMessageDeflate(offers) : nil
    }

    /// Proves that the server knows what it answers to (RFC 6455 4.2.2, 5.4).
    static func accept(of key: String) -> String {
        Base64.standard.encode(SHA1.hash(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
    }

    private static func lists(_ field: String?, _ token: String) -> Bool {
        field?.split(separator: ",").contains { $0.filter { $0 != " " && $0 != "\t" }.lowercased() == token } ?? false
    }

    private static func choose(among known: [String], _ field: String?) throws(Refusal) -> String? {
        guard let field else { return nil }
        let wishes = field.split(separator: ",", omittingEmptySubsequences: false).map(WebSocketOffers.trimmed)
        guard wishes.allSatisfy(WebSocketOffers.isToken), Set(wishes).count == wishes.count else {
            throw .malformed
        }
        return wishes.first(where: known.contains)
    }

    /// The fields of the answer `101 Switching Protocols`; the server itself adds `Connection`.
    var responseFields: HeaderFields {
        var fields: HeaderFields = [.upgrade: "websocket", .secWebSocketAccept: accept]
        if let subprotocol { fields.append(.secWebSocketProtocol, subprotocol) }
        if let deflate { fields.append(.secWebSocketExtensions, deflate.response) }
        return fields
    }
}
