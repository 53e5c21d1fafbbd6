import BaseEncoding
import Glibc

/// Header fields in order, kept as the bytes that stand on the wire (`name: value\r\n`) with ranges into them: reading a
/// request copies nothing per field, and sending a response is one copy of the block.
public struct HeaderFields: Sendable {
    struct Entry: Sendable {
        var start: UInt32
        var nameCount: UInt32
        var valueCount: UInt32

        var nameRange: Range<Int> { Int(start)..<Int(start + nameCount) }
        var valueRange: Range<Int> { Int(start + nameCount) + 2..<Int(start + nameCount + valueCount) + 2 }
        var range: Range<Int> { Int(start)..<Int(start + nameCount + valueCount) + 4 }
    }

    private(set) var bytes: [UInt8] = []
    private(set) var entries: [Entry] = []
    /// A bit for each length that a name has: mostly what is asked for is not there, which is seen without a look at any
    /// entry.
    private var nameLengths: UInt64 = 0

    public init() {}

    @inline(__always)
    func mayContain(_ name: FieldName) -> Bool { nameLengths & Self.mark(name.byteCount) != 0 }

    /// Names as long as those that the server writes itself: `Date`, `Connection`, `Content-Length`, `Transfer-Encoding`.
    var mayContainFraming: Bool { nameLengths & (1 << 4 | 1 << 10 | 1 << 14 | 1 << 17) != 0 }

    private static func mark(_ length: Int) -> UInt64 { 1 << UInt64(Swift.min(length, 63)) }

    private mutating func add(_ entry: Entry) {
        entries.append(entry)
        nameLengths |= Self.mark(Int(entry.nameCount))
    }

    /// Room for the fields of an ordinary answer, so that it is allocated once.
    private mutating func reserve() {
        bytes.reserveCapacity(600)
        entries.reserveCapacity(12)
    }

    public init(_ fields: [(FieldName, String)]) {
        reserve()
        for (name, value) in fields { append(name, value) }
    }

    public var count: Int { entries.count }
    public var isEmpty: Bool { entries.isEmpty }

    /// All values of the field, joined by a comma as RFC 9110 5.3 allows (cookies by a semicolon); nil when there is none.
    /// Setting replaces every field of that name.
    public subscript(_ name: FieldName) -> String? {
        get {
            guard mayContain(name) else { return nil }
            var joined: String?
            for entry in entries where matches(entry, name) {
                let value = text(entry.valueRange)
                joined = joined.map { $0 + (name == .cookie ? "; " : ", ") + value } ?? value
            }
            return joined
        }
        set {
            remove(name)
            if let newValue { append(name, newValue) }
        }
    }

    public func values(of name: FieldName) -> [String] {
        guard mayContain(name) else { return [] }
        return entries.filter { matches($0, name) }.map { text($0.valueRange) }
    }

    public func contains(_ name: FieldName) -> Bool { mayContain(name) && entries.contains { matches($0, name) } }

    /// Whether one stands here that proxies write about the client: asked of each request.
    var containForwarding: Bool {
        guard nameLengths & (1 << 9 | 1 << 15 | 1 << 17) != 0 else { return false }
        return entries.contains { entry in
            switch entry.nameCount {
            case 9: matches(entry, .forwarded)
            case 15: matches(entry, .xForwardedFor)
            case 17: matches(entry, .xForwardedProto)
            default: false
            }
        }
    }

    /// The first value's bytes, without making a string.
    public func bytes(of name: FieldName) -> ArraySlice<UInt8>? {
        guard mayContain(name) else { return nil }
        for entry in entries where matches(entry, name) { return bytes[entry.valueRange] }
        return nil
    }

    /// Whether the first value of the field begins so, to the letter.
    public func value(of name: FieldName, startsWith text: StaticString) -> Bool {
        guard mayContain(name) else { return false }
        for entry in entries where matches(entry, name) {
            let count = text.utf8CodeUnitCount
            guard Int(entry.valueCount) >= count else { return false }
            return bytes.withUnsafeBufferPointer {
                $0.baseAddress.map { memcmp($0 + entry.valueRange.lowerBound, text.utf8Start, count) == 0 } ?? false
            }
        }
        return false
    }

    /// Whether a value of the field has this in it, to the letter.
    func value(of name: FieldName, contains text: StaticString) -> Bool {
        guard mayContain(name) else { return false }
        let count = text.utf8CodeUnitCount
        return entries.contains { entry in
            guard matches(entry, name), Int(entry.valueCount) >= count else { return false }
            return bytes.withUnsafeBufferPointer { bytes in
                guard let start = bytes.baseAddress.map({ $0 + entry.valueRange.lowerBound }) else { return false }
                return (0...Int(entry.valueCount) - count).contains { memcmp(start + $0, text.utf8Start, count) == 0 }
            }
        }
    }

    /// Adds a field. Bytes that could end the line early become spaces, so no value can inject another field.
    public mutating func append(_ name: FieldName, _ value: String) {
        var value = value
        value.withUTF8 { value in name.withBytes { append(name: $0, value: value) } }
    }

    public mutating func append(contentsOf other: HeaderFields) {
        let offset = UInt32(bytes.count)
        bytes.append(contentsOf: other.bytes)
        for entry in other.entries {
            add(Entry(start: entry.start + offset, nameCount: entry.nameCount, valueCount: entry.valueCount))
        }
    }

    public mutating func remove(_ name: FieldName) {
        guard contains(name) else { return }
        var kept = HeaderFields()
        for entry in entries where !matches(entry, name) {
            kept.add(
                Entry(start: UInt32(kept.bytes.count), nameCount: entry.nameCount, valueCount: entry.valueCount))
            kept.bytes.append(contentsOf: bytes[entry.range])
        }
        self = kept
    }

    mutating func append(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
        let start = bytes.count
        bytes.append(upTo: name.count + value.count + 4) { line in
            line.write(name)
            line.write(": ")
            line.write(value)
            line.write("\r\n")
        }
        if ASCII.holdsForbidden(name) || ASCII.holdsForbidden(value) {
            for index in start..<bytes.count - 2 where ASCII.isForbiddenInValue(bytes[index]) {
                bytes[index] = ASCII.space
            }
        }
        add(Entry(start: UInt32(start), nameCount: UInt32(name.count), valueCount: UInt32(value.count)))
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    /// Most names differ in their length, and that is all that is looked at then.
    @inline(__always)
    func matches(_ entry: Entry, _ name: FieldName) -> Bool {
        Int(entry.nameCount) == name.byteCount
            && name.withBytes { name in
                // The first letter tells most of the others apart.
                !name.isEmpty && (bytes[Int(entry.start)] ^ name[0]) & 0xDF == 0 && isName(of: entry, name)
            }
    }

    @inline(never)
    private func isName(of entry: Entry, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.withUnsafeBufferPointer {
            ASCII.areEqualIgnoringCase(UnsafeBufferPointer(rebasing: $0[entry.nameRange]), name)
        }
    }
}

// MARK: Filling from a parser

extension HeaderFields {
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        nameLengths = 0
    }

    var byteCount: Int { bytes.count }

    /// Names and values may arrive in pieces, which stand one behind the other, with `: ` between a name and its value.
    mutating func grow(by part: UnsafeBufferPointer<UInt8>) { bytes.append(upTo: part.count) { $0.write(part) } }

    mutating func growAfterName(by part: UnsafeBufferPointer<UInt8>) {
        bytes.append(upTo: part.count + 2) { line in
            line.write(": ")
            line.write(part)
        }
    }

    /// The field that begins at `start` has all its bytes.
    mutating func close(from start: Int, nameCount: Int) {
        let valueStart = start + nameCount + 2
        while let byte = bytes.last, byte == ASCII.space || byte == ASCII.tab, bytes.count > valueStart {
            bytes.removeLast()
        }
        add(
            Entry(
                start: UInt32(start), nameCount: UInt32(nameCount), valueCount: UInt32(bytes.count - valueStart)))
        bytes.append(upTo: 2) { $0.write("\r\n") }
    }
}

extension HeaderFields: Sequence {
    public typealias Element = (name: String, value: String)

    public func makeIterator() -> AnyIterator<Element> {
        var index = 0
        return AnyIterator {
            guard index < entries.count else { return nil }
            defer { index += 1 }
            return (text(entries[index].nameRange), text(entries[index].valueRange))
        }
    }
}

extension HeaderFields: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral fields: (FieldName, String)...) { self.init(fields) }
}

extension HeaderFields: CustomStringConvertible {
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
