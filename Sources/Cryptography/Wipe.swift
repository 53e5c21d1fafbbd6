import COpenSSL

/// Overwrites a secret; the compiler does not leave it out.
public func wipe(_ bytes: UnsafeMutableRawBufferPointer) { OPENSSL_cleanse(bytes.baseAddress, bytes.count) }
