import HTTP

/// Where a request belongs among the requests of several servers (W3C Trace Context): as the client says, or the beginning
/// of a new trace.
public struct TraceContext: Sendable, Hashable {
    /// 128 bits, never all zero.
    private let high: UInt64
    private let low: UInt64
    /// The client's part of the trace; nil where it began here.
    private let parent: UInt64?

    private static let process = UInt64.random(in: .min ... .max)

    /// A new trace: random bits of this process and those of the request, which cost no system call.
    init(startedBy id: RequestID) {
        self.init(high: Self.process, low: id.bits | 1 << 63, parent: nil)
    }

    private init(high: UInt64, low: UInt64, parent: UInt64?) {
        self.high = high
        self.low = low
        self.parent = parent
    }

    /// A `traceparent` field (W3C Trace Context 3.2): `00-(32 digits)-(16 digits)-(2 digits)`, in lower case, neither id
    /// all zero. Of versions that are not known yet what version 0 knows is read (4.1). Nil for anything else.
    init?(_ field: String) {
        var field = field
        let parsed: TraceContext? = field.withUTF8 { bytes in
            guard bytes.count >= 55, bytes[2] == 0x2D, bytes[35] == 0x2D, bytes[52] == 0x2D,
                let version = Self.number(bytes[0..<2]), version != 0xFF,
                bytes.count == 55 || version > 0 && bytes[55] == 0x2D,
                let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]), high | low != 0,
                let parent = Self.number(bytes[36..<52]), parent != 0, Self.number(bytes[53..<55]) != nil
            else { return nil }
            return TraceContext(high: high, low: low, parent: parent)
        }
        guard let parsed else { return nil }
        self = parsed
    }

    /// Nil when anything is no digit in lower case.
    private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case 0x30...0x39: number = number << 4 | UInt64(digit - 0x30)
            case 0x61...0x66: number = number << 4 | UInt64(digit - 0x61 + 10)
            default: return nil
            }
        }
        return number
    }

    static let traceLength = 32

    /// 32 digits.
    public var traceID: String {
        String(unsafeUninitializedCapacity: Self.traceLength) { buffer in
            writeTraceID(to: buffer)
            return Self.traceLength
        }
    }

    func writeTraceID(to buffer: UnsafeMutableBufferPointer<UInt8>) {
        Self.write(high, to: buffer, at: 0)
        Self.write(low, to: buffer, at: 16)
    }

    /// 16 digits; nil where the trace began here.
    public var parentID: String? {
        guard let parent else { return nil }
        return String(unsafeUninitializedCapacity: 16) { buffer in
            Self.write(parent, to: buffer, at: 0)
            return 16
        }
    }

    private static func write(_ word: UInt64, to buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
        let digits: StaticString = "0123456789abcdef"
        for place in 0..<16 {
            buffer[start + place] = digits.utf8Start[Int(truncatingIfNeeded: word >> UInt64(60 - 4 * place)) & 15]
        }
    }
}
