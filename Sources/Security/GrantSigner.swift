import BaseEncoding
import Cryptography
import Identifiers
import Synchronization

/// Writes grants as 82 URL-safe characters, or 103 where they name an edition, and reads them back.
///
/// Layout before base 64: purpose (1), expiry (4), subject (16), holder (8), session (8), the two marks (4 each), the
/// edition if there is one (16), the first 16 bytes of the HMAC over all that. 61 or 77 bytes; a forger's chance is 2⁻¹²⁸.
public final class GrantSigner: Sendable {
    private static let signedByteCount = 45
    private static let editionByteCount = 16
    private static let codeByteCount = 16
    public static let tokenLength = 82
    public static let tokenLengthWithEdition = 103

    private let key: HMACSHA256
    private let recent = Mutex(RecentGrants())

    public init(secret: SigningSecret) { key = secret.key(for: "grant") }

    /// - Parameter grant: an end after the year 2105 is written as that year's.
    public func sign(_ grant: Grant) -> String {
        var bytes: [UInt8] = [grant.purpose.rawValue]
        bytes.reserveCapacity(Self.signedByteCount + Self.editionByteCount + Self.codeByteCount)
        func append(_ number: some FixedWidthInteger) {
            withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        }
        append(UInt32(clamping: grant.expiresAt))
        for word in [grant.subjectHigh, grant.subjectLow, grant.holder, grant.session] { append(word) }
        for mark in [grant.subjectMark, grant.holderMark] { append(mark) }
        if grant.hasEdition {
            for word in [grant.editionHigh, grant.editionLow] { append(word) }
        }
        bytes += key.authenticationCode(for: bytes).prefix(Self.codeByteCount)
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
        guard token.count == Self.tokenLength || token.count == Self.tokenLengthWithEdition else { return nil }
        if let known = recent.withLock({ $0[token] }) { return known }
        let grant = check(token)
        if let grant { recent.withLock { $0.insert(grant, token) } }
        return grant
    }

    private func check(_ token: UnsafeBufferPointer<UInt8>) -> Grant? {
        let signedByteCount =
            Self.signedByteCount + (token.count == Self.tokenLengthWithEdition ? Self.editionByteCount : 0)
        let byteCount = signedByteCount + Self.codeByteCount
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: byteCount) { buffer in
            var output = buffer.mutableSpan
            guard Base64.url.decode(token.span, into: &output) == byteCount else { return nil }
            let bytes = UnsafeBufferPointer(buffer)
            let signed = UnsafeBufferPointer(rebasing: bytes[..<signedByteCount])
            let code = UnsafeBufferPointer(rebasing: bytes[signedByteCount...])
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
        (editionHigh, editionLow) = bytes.count > 45 ? (word(45), word(53)) : (0, 0)
    }
}

/// Tokens that were found good lately, with what they hold: a player sends the same one with each request, and checking it
/// anew was an eighth of the work for a playlist.
///
/// What a token holds does not change, and whether it is over is asked of the grant each time. Only good tokens are kept, in
/// a table of a fixed size: whoever tries others learns nothing and displaces nothing.
private struct RecentGrants {
    private static let places = 512
    private var entries = [(token: [UInt8], grant: Grant)?](repeating: nil, count: places)

    /// - Parameter token: of one of the two lengths.
    subscript(_ token: UnsafeBufferPointer<UInt8>) -> Grant? {
        guard let entry = entries[Self.place(of: token)],
            entry.token.withUnsafeBufferPointer({ constantTimeEqual($0, token) })
        else { return nil }
        return entry.grant
    }

    mutating func insert(_ grant: Grant, _ token: UnsafeBufferPointer<UInt8>) {
        entries[Self.place(of: token)] = (Array(token), grant)
    }

    /// Of the last characters: they are of the code, so they are as good as chance.
    private static func place(of token: UnsafeBufferPointer<UInt8>) -> Int {
        let last = UnsafeRawBufferPointer(token).loadUnaligned(fromByteOffset: token.count - 8, as: UInt64.self)
        return Int((last &* 0x9E37_79B9_7F4A_7C15) >> 32) % places
    }
}
