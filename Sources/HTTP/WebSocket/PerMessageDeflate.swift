/// Compression of each message by itself (RFC 7692 7), as agreed on with one client.
///
/// Neither side keeps its window from one message to the next: an idle socket costs no memory for it, and what one person
/// wrote does not show in the length of what another is sent.
struct PerMessageDeflate: Equatable {
    /// The base 2 logarithm of the window that the client has for what the server sends.
    var serverWindowBits = 15
    /// The client limited the window, so the answer must confirm it.
    private var isWindowLimited = false

    /// The first offer that can be taken; nil when there is none.
    init?(_ offers: WebSocketOffers) {
        for offer in offers.offers where offer.name == "permessage-deflate" {
            if let accepted = PerMessageDeflate(offer) {
                self = accepted
                return
            }
        }
        return nil
    }

    /// Nil for an offer that must be declined (RFC 7692 7.1): a parameter that is unknown, twice there or of a wrong value.
    private init?(_ offer: WebSocketOffers.Offer) {
        var seen: Set<String> = []
        for parameter in offer.parameters {
            guard seen.insert(parameter.name).inserted else { return nil }
            switch parameter.name {
            case "server_no_context_takeover", "client_no_context_takeover":
                guard parameter.value == nil else { return nil }
            case "client_max_window_bits":
                // A hint: any window can be inflated, because none is kept.
                guard parameter.value == nil || Self.windowBits(parameter.value) != nil else { return nil }
            case "server_max_window_bits":
                // zlib cannot make a raw stream for a window of 256 bytes.
                guard let bits = Self.windowBits(parameter.value), bits > 8 else { return nil }
                serverWindowBits = bits
                isWindowLimited = true
            default: return nil
            }
        }
    }

    /// 8 to 15, without leading zeros (RFC 7692 7.1.2).
    private static func windowBits(_ text: String?) -> Int? {
        guard let text, text.utf8.allSatisfy(ASCII.isDigit), !text.hasPrefix("0"), let bits = Int(text), bits >= 8,
            bits <= 15
        else { return nil }
        return bits
    }

    /// As the answer's `Sec-WebSocket-Extensions` says it.
    var response: String {
        let window = isWindowLimited ? "; server_max_window_bits=\(serverWindowBits)" : ""
        return "permessage-deflate; server_no_context_takeover; client_no_context_takeover" + window
    }
}
