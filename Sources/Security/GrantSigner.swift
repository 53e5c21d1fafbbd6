/// Writes grants as 78 URL-safe characters and reads them back.
///
/// Layout before base 64: version (1), expiry (8), subject (16), holder (16), the first 17 bytes of the HMAC over all that.
/// 58 bytes; a forger's chance is 2⁻¹³⁶.
public final class GrantSigner: Sendable {
    private static let version: UInt8 = 1
    private static let signedByteCount = 41
    private static let tokenByteCount = 58
    public static let tokenLength = 78

    private let key: HMACSHA256

    public init(secret: SigningSecret) { key = secret.key(for: "grant") }

    public func sign(_ grant: Grant) -> String {
        var bytes: [UInt8] = [Self.version]
        bytes.reserveCapacity(Self.tokenByteCount)
        let words = [
            UInt64(bitPattern: grant.expiresAt), grant.subjectHigh, grant.subjectLow, grant.holderHigh, grant.holderLow,
        ]
        for word in words { withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) } }
        bytes += key.authenticationCode(for: bytes).prefix(Self.tokenByteCount - Self.signedByteCount)
        return Base64.url.encode(bytes)
    }

    /// The grant in a token that is for this subject and still good at `now` (seconds since 1970).
    public func verify<Subject>(
        _ token: some StringProtocol, for subject: Identifier<Subject>, now: Int64
    ) throws(GrantError) -> Grant {
        let grant = try verify(token, now: now)
        guard grant.isFor(subject) else { throw .otherSubject }
        return grant
    }

    public func verify(_ token: some StringProtocol, now: Int64) throws(GrantError) -> Grant {
        guard let grant = token.utf8.withContiguousStorageIfAvailable(open) ?? open(copying: token) else {
            throw .invalid
        }
        guard now < grant.expiresAt else { throw .expired }
        return grant
    }

    private func open(copying token: some StringProtocol) -> Grant? { Array(token.utf8).withUnsafeBufferPointer(open) }

    private func open(_ token: UnsafeBufferPointer<UInt8>) -> Grant? {
        guard token.count == Self.tokenLength else { return nil }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.tokenByteCount) { buffer in
            guard Base64.url.decode(token, into: buffer) == Self.tokenByteCount, buffer[0] == Self.version else {
                return nil
            }
            let bytes = UnsafeBufferPointer(buffer)
            let signed = UnsafeBufferPointer(rebasing: bytes[..<Self.signedByteCount])
            let code = UnsafeBufferPointer(rebasing: bytes[Self.signedByteCount...])
            guard key.isValid(code.span, for: signed.span) else { return nil }
            return Grant(reading: UnsafeRawBufferPointer(signed).dropFirst())
        }
    }
}

extension Grant {
    fileprivate init(reading bytes: Slice<UnsafeRawBufferPointer>) {
        let start = bytes.startIndex
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: bytes.base.loadUnaligned(fromByteOffset: start + index * 8, as: UInt64.self))
        }
        expiresAt = Int64(bitPattern: word(0))
        (subjectHigh, subjectLow, holderHigh, holderLow) = (word(1), word(2), word(3), word(4))
    }
}
