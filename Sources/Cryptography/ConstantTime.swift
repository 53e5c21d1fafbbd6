import COpenSSL

/// Whether two byte strings are the same, in a time that depends on their lengths only.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return left.withUnsafeBytes { first in
        right.withUnsafeBytes { second in
            first.count == 0 || CRYPTO_memcmp(first.baseAddress, second.baseAddress, first.count) == 0
        }
    }
}

public func constantTimeEqual(_ left: String, _ right: String) -> Bool {
    constantTimeEqual(Array(left.utf8), Array(right.utf8))
}
