import BaseEncoding
import Cryptography
import Identifiers

/// Writes grants as 82 URL-safe characters and reads them back.
///
/// Layout before base 64: purpose (1), expiry (4), subject (16), holder (8), session (8), the two marks (4 each), the
/// first 16 bytes of the HMAC over all that. 61 bytes; a forger's chance is 2⁻¹²⁸.
public final class GrantSigner: Sendable {
    private static let signedByteCount = 45
    private static let tokenByteCount = 61
    public static let tokenLength = 82

    private let key: HMACSHA256

    public init(secret: SigningSecret) { key = secret.key(for: "grant") }

    /// - Parameter grant: an end after the year 2105 is written as that year's.
    public func sign(_ grant: Grant) -> String {
        var bytes: [UInt8] = [grant.purpose.rawValue]
        bytes.reserveCapacity(Self.tokenByteCount)
        func append(_ number: some FixedWidthInteger) {
            withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        }
        append(UInt32(clamping: grant.expiresAt))
        for word in [grant.subjectHigh, grant.subjectLow, grant.holder, grant.session] { append(word) }
        for mark in [grant.subjectMark, grant.holderMark] { append(mark) }
        bytes += key.authenticationCode(for: bytes).prefix(Self.tokenByteCount - Self.signedByteCount)
        return Base64.url.encode(bytes)
    }

    /// The grant in a token that is for this subject and this purpose and still good at `now` (seconds since 1970).
    public func verify<Subject>(
        _ token: some StringProtocol, for subject: Identifier<Subject>, _ purpose: Grant.Purpose, now: Int64
    ) throws(GrantError) -> Grant {
        let grant = try verify(token, now: now)
        guard grant.purpose == purpose else { throw .otherPurpose }
        guard grant.isFor(subject) else { throw .otherSubject }
        return grant
    }

    public func verify(_ token: some StringProtocol, now: Int64) throws(GrantError) -> Grant {
        guard let grant = read(token) else { throw .invalid }
        guard now < grant.expiresAt else { throw .expired }
        return grant
    }

    /// The grant in a token that was signed here; whether it is over, and what it is for, the caller has to ask.
    public func read(_ token: some StringProtocol) -> Grant? {
        token.utf8.withContiguousStorageIfAvailable(open) ?? open(copying: token)
    }

    private func open(copying token: some StringProtocol) -> Grant? { Array(token.utf8).withUnsafeBufferPointer(open) }

    private func open(_ token: UnsafeBufferPointer<UInt8>) -> Grant? {
        guard token.count == Self.tokenLength else { return nil }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.tokenByteCount) { buffer in
            var output = buffer.mutableSpan
            guard Base64.url.decode(token.span, into: &output) == Self.tokenByteCount else { return nil }
            let bytes = UnsafeBufferPointer(buffer)
            let signed = UnsafeBufferPointer(rebasing: bytes[..<Self.signedByteCount])
            let code = UnsafeBufferPointer(rebasing: bytes[Self.signedByteCount...])
            guard key.isValid(code.span, for: signed.span) else { return nil }
            return Grant(reading: UnsafeRawBufferPointer(signed))
        }
    }
}

extension Grant {
    /// - Parameter bytes: the signed ones.
    fileprivate init(reading bytes: UnsafeRawBufferPointer) {
        func word(_ offset: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        func half(_ offset: Int) -> UInt32 {
            UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        purpose = Purpose(rawValue: bytes[0])
        expiresAt = Int64(half(1))
        (subjectHigh, subjectLow, holder, session) = (word(5), word(13), word(21), word(29))
        (subjectMark, holderMark) = (half(37), half(41))
    }
}
