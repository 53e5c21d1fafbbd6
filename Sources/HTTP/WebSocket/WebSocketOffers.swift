/// The `Sec-WebSocket-Extensions` field (RFC 6455 9.1): what a client offers, in the order of its wishes.
struct WebSocketOffers {
    struct Offer: Equatable {
        var name: String
        var parameters: [Parameter] = []
    }

    struct Parameter: Equatable {
        var name: String
        var value: String?
    }

    /// Offers beyond this are not looked at.
    private static let mostOffers = 16

    let offers: [Offer]

    /// Nil when the field is malformed.
    init?(parsing field: String) {
        var offers: [Offer] = []
        for text in field.split(separator: ",", maxSplits: Self.mostOffers).prefix(Self.mostOffers) {
            let parts = text.split(separator: ";", omittingEmptySubsequences: false).map(Self.trimmed)
            if parts == [""] { continue }
            guard Self.isToken(parts[0]) else { return nil }
            var offer = Offer(name: parts[0].lowercased())
            for part in parts.dropFirst() {
                guard let parameter = Self.parameter(part) else { return nil }
                offer.parameters.append(parameter)
            }
            offers.append(offer)
        }
        self.offers = offers
    }

    private static func parameter(_ text: String) -> Parameter? {
        let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(trimmed)
        guard isToken(sides[0]) else { return nil }
        guard sides.count == 2 else { return Parameter(name: sides[0].lowercased()) }
        var value = sides[1]
        // Between quotes there must be a token as well.
        if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
            value = String(value.dropFirst().dropLast())
        }
        return isToken(value) ? Parameter(name: sides[0].lowercased(), value: value) : nil
    }

    static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    static func isToken(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy(ASCII.isTokenByte) }
}
