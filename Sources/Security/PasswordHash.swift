import BaseEncoding

/// A password's Argon2id hash in the PHC string format, as it is stored. It never describes itself.
public struct PasswordHash: Sendable, Equatable, CustomStringConvertible {
    let cost: Argon2id.Cost
    let salt: [UInt8]
    let value: [UInt8]

    /// `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`
    public var encoded: String {
        "$argon2id$v=19$m=\(cost.memoryKiB),t=\(cost.passes),p=\(cost.lanes)$"
            + "\(Base64.unpadded.encode(salt))$\(Base64.unpadded.encode(value))"
    }

    public var description: String { "[password hash]" }

    init(cost: Argon2id.Cost, salt: [UInt8], value: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.value = value
    }

    /// Reads the stored form. Costs beyond 1 GiB or 64 passes are refused: checking one would stall the server.
    public init(encoded: String) throws(SecurityError) {
        let parts = encoded.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19",
            let cost = Self.cost(parts[3]), let salt = Base64.unpadded.decode(parts[4]),
            let value = Base64.unpadded.decode(parts[5]), (8...64).contains(salt.count), (16...64).contains(value.count)
        else { throw SecurityError(.malformedHash, "the stored password hash is not one of Argon2id") }
        self.init(cost: cost, salt: salt, value: value)
    }

    private static func cost(_ text: Substring) -> Argon2id.Cost? {
        let fields = text.split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == 3, fields[0].hasPrefix("m="), fields[1].hasPrefix("t="), fields[2].hasPrefix("p="),
            let memory = UInt32(fields[0].dropFirst(2)), let passes = UInt32(fields[1].dropFirst(2)),
            let lanes = UInt32(fields[2].dropFirst(2)), (8...(1 << 20)).contains(memory), (1...64).contains(passes),
            (1...16).contains(lanes), memory >= 8 * lanes
        else { return nil }
        return Argon2id.Cost(memoryKiB: memory, passes: passes, lanes: lanes)
    }
}
