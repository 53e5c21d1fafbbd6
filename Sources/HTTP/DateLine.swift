import BaseEncoding

/// `Date: …` as it stands in heads of HTTP/1.1: a value of its own, so that handing it on counts no reference.
struct DateLine: Sendable {
    /// `Date: `, 29 characters (RFC 9110 5.6.7), and the end of the line.
    static let length = 37

    let date: HTTPDate
    private var bytes = InlineArray<37, UInt8>(repeating: 0)

    init(_ date: HTTPDate) {
        self.date = date
        var line: [UInt8] = []
        line.append(text: "Date: ")
        date.append(to: &line)
        line.append(text: "\r\n")
        for place in bytes.indices { bytes[place] = line[place] }
    }

    func write(to head: inout ByteWriter) {
        withUnsafeBytes(of: bytes) { head.write($0.assumingMemoryBound(to: UInt8.self)) }
    }

    /// The date alone.
    func withValue(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        withUnsafeBytes(of: bytes) {
            body(UnsafeBufferPointer(rebasing: $0.assumingMemoryBound(to: UInt8.self)[6..<35]))
        }
    }
}
