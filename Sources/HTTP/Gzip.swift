import CZlib

/// Compression of text bodies (RFC 1952) through zlib.
public enum Gzip {
    /// Nil when zlib refuses or the result would not be smaller.
    public static func compress(_ bytes: [UInt8], level: Int32 = 5) -> [UInt8]? {
        var stream = z_stream()
        let gzipWindow: Int32 = 15 + 16
        let version = ZLIB_VERSION
        guard
            deflateInit2_(
                &stream, level, Z_DEFLATED, gzipWindow, 8, Z_DEFAULT_STRATEGY, version,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        guard bytes.count < Int(UInt32.max) else { return nil }
        var input = bytes
        // What is kept takes no more memory than it is long.
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytes.count) { output in
            let status = input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = uInt(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = uInt(output.count)
                return deflate(&stream, Z_FINISH)
            }
            guard status == Z_STREAM_END else { return nil }
            return Array(UnsafeBufferPointer(rebasing: output[..<Int(stream.total_out)]))
        }
    }

    /// What `compress` made of so many bytes. Nil when zlib refuses or they are another number.
    public static func expand(_ bytes: [UInt8], to byteCount: Int) -> [UInt8]? {
        var stream = z_stream()
        let gzipWindow: Int32 = 15 + 16
        guard inflateInit2_(&stream, gzipWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return nil
        }
        defer { inflateEnd(&stream) }
        var input = bytes
        var status = Z_OK
        let output = [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = uInt(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = uInt(output.count)
                status = inflate(&stream, Z_FINISH)
            }
            count = Int(stream.total_out)
        }
        return status == Z_STREAM_END && output.count == byteCount ? output : nil
    }

    /// The smallest body that is worth compressing: below, the packet is sent anyway.
    public static let leastByteCount = 1024

    /// Whether `Accept-Encoding` allows gzip (RFC 9110 12.5.3): named with a weight that is not zero, or through `*`.
    public static func isAccepted(by field: String?) -> Bool {
        guard let field else { return false }
        // What browsers and players say, without memory for its parts.
        if field == "gzip" || field.hasPrefix("gzip, ") { return true }
        var byWildcard = false
        for coding in field.split(separator: ",") {
            let parts = coding.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            guard let name = parts.first else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            if name == "gzip" || name == "x-gzip" { return weight > 0 }
            if name == "*" { byWildcard = weight > 0 }
        }
        return byWildcard
    }
}
