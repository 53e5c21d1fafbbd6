import FoundationEssentials

/// Writes JSON byte for byte as Foundation's encoder does in `JSON.encode`, straight into bytes: that one makes a tree of the values
/// first, which took most of the time of a list.
///
/// Containers within containers, and types that Foundation writes in its own ways, are left to Foundation.
final class JSONBytes {
    /// What is to be left to Foundation.
    struct Unsupported: Error {}

    /// A value that is being written.
    private struct Scope {
        var kind = Kind.nothing
        var isFirst = true
        /// Whether its members have come in the order of their names so far.
        var isSorted = true
        /// Where its own members begin in `members`.
        var firstMember: Int
    }

    fileprivate enum Kind { case nothing, single, array, object }

    private struct Member {
        var name: String
        var start: Int
    }

    // One value is written at a time, by one caller, and nothing below is handed out while it changes: to check that at each byte took a
    // fifth of the time.
    @exclusivity(unchecked) private(set) var bytes: [UInt8] = []
    // bound: how deep a value is nested
    @exclusivity(unchecked) private var scopes: [Scope] = []
    // bound: fields of the objects that are being written
    @exclusivity(unchecked) private var members: [Member] = []
    /// Set where a container was asked for that is left to Foundation, which a container cannot throw.
    fileprivate(set) var isUnsupported = false
    fileprivate var lastKeyType: ObjectIdentifier?

    /// The keys of dictionaries are written as they are: they are no names of fields.
    private static let dictionaryKeyType: ObjectIdentifier? = {
        let probe = JSONBytes(isProbe: true)
        try? probe.write(["": 0])
        return probe.lastKeyType
    }()

    private let isProbe: Bool

    init(isProbe: Bool = false) { self.isProbe = isProbe }

    func write<T: Encodable>(_ value: T) throws {
        if T.self == String.self, let text = value as? String { return write(text: text) }
        if T.self == [String].self, let texts = value as? [String] { return write(texts: texts) }
        if T.self == Date.self, let date = value as? Date { return write(text: InternetTime(date).description) }
        if T.self == Data.self || T.self == URL.self || T.self == Decimal.self { throw Unsupported() }
        scopes.append(Scope(firstMember: members.count))
        try value.encode(to: JSONLevel(out: self))
        if isUnsupported { throw Unsupported() }
        close()
    }

    private func close() {
        guard let scope = scopes.popLast() else { return }
        switch scope.kind {
        case .nothing: bytes += "{}".utf8
        case .single: break
        case .array: bytes.append(UInt8(ascii: "]"))
        case .object:
            if scope.isSorted {
                members.removeSubrange(scope.firstMember...)
            } else {
                sort(scope)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// Brings the members of an object into the order of their names; of two with one name the later one counts.
    private func sort(_ scope: Scope) {
        let own = members[scope.firstMember...]
        defer { members.removeLast(own.count) }
        guard let start = own.first?.start else { return }
        var ends = own.dropFirst().map { $0.start - 1 }
        ends.append(bytes.count)
        let order = own.indices.sorted { (own[$0].name, $0) < (own[$1].name, $1) }
        var sorted: [UInt8] = []
        sorted.reserveCapacity(bytes.count - start)
        for (place, index) in order.enumerated() {
            if place + 1 < order.count, own[order[place + 1]].name == own[index].name { continue }
            if !sorted.isEmpty { sorted.append(UInt8(ascii: ",")) }
            sorted += bytes[own[index].start..<ends[index - own.startIndex]]
        }
        bytes.replaceSubrange(start..., with: sorted)
    }

    // MARK: What containers ask for

    fileprivate func open(_ kind: Kind) {
        guard let last = scopes.indices.last else { return }
        switch (scopes[last].kind, kind) {
        case (.nothing, .single): scopes[last].kind = .single
        case (.nothing, .array):
            scopes[last].kind = .array
            bytes.append(UInt8(ascii: "["))
        case (.nothing, .object):
            scopes[last].kind = .object
            bytes.append(UInt8(ascii: "{"))
        // What adds to the fields of another one asks again.
        case (.object, .object): break
        default: isUnsupported = true
        }
    }

    /// How a type's keys are written: as they are, or in snake_case.
    fileprivate func keepsNames(_ type: any CodingKey.Type) -> Bool {
        let identifier = ObjectIdentifier(type)
        lastKeyType = identifier
        return !isProbe && identifier == Self.dictionaryKeyType
    }

    fileprivate func refuse() { isUnsupported = true }

    fileprivate func beginElement() {
        guard let last = scopes.indices.last else { return }
        if !scopes[last].isFirst { bytes.append(UInt8(ascii: ",")) }
        scopes[last].isFirst = false
    }

    fileprivate func beginMember(_ name: String) {
        guard let last = scopes.indices.last else { return }
        if !scopes[last].isFirst, let before = members.last, before.name >= name { scopes[last].isSorted = false }
        beginElement()
        members.append(Member(name: name, start: bytes.count))
        write(text: name)
        bytes.append(UInt8(ascii: ":"))
    }

    // MARK: Single values

    fileprivate func writeNull() { bytes += "null".utf8 }

    fileprivate func write(flag value: Bool) { bytes += (value ? "true" : "false").utf8 }

    fileprivate func write(integer value: some FixedWidthInteger) { bytes += String(value).utf8 }

    fileprivate func write(real value: some BinaryFloatingPoint & LosslessStringConvertible) throws {
        // What is no number has no form in JSON; Foundation says so.
        guard value.isFinite else { throw Unsupported() }
        let text = value.description
        bytes += (text.hasSuffix(".0") ? text.dropLast(2) : text[...]).utf8
    }

    private func write(texts: [String]) {
        bytes.append(UInt8(ascii: "["))
        for (place, text) in texts.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            write(text: text)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    fileprivate func write(text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { all in
            var start = all.startIndex
            for index in all.indices {
                let byte = all[index]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: all[start..<index]))
                bytes += Self.escaped(byte)
                start = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: all[start...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func escaped(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case 0x08: Array("\\b".utf8)
        case 0x09: Array("\\t".utf8)
        case 0x0A: Array("\\n".utf8)
        case 0x0C: Array("\\f".utf8)
        case 0x0D: Array("\\r".utf8)
        case 0..<0x10: Array("\\u000\(String(byte, radix: 16))".utf8)
        case 0x10..<0x20: Array("\\u00\(String(byte, radix: 16))".utf8)
        default: [UInt8(ascii: "\\"), byte]
        }
    }
}

/// What a value is encoded to. It is always the one that was begun last.
private struct JSONLevel: Encoder {
    let out: JSONBytes
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        out.open(.object)
        return KeyedEncodingContainer(JSONFields<Key>(out: out, keepsNames: out.keepsNames(type)))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        out.open(.array)
        return JSONElements(out: out)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { JSONSingle(out: out) }
}

private struct JSONFields<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let out: JSONBytes
    let keepsNames: Bool
    var codingPath: [any CodingKey] { [] }

    private func begin(_ key: Key) {
        let name = key.stringValue
        out.beginMember(keepsNames ? name : JSONKeys.shared.name(name))
    }

    func encodeNil(forKey key: Key) throws {
        begin(key)
        out.writeNull()
    }

    func encode(_ value: Bool, forKey key: Key) throws {
        begin(key)
        out.write(flag: value)
    }

    func encode(_ value: String, forKey key: Key) throws {
        begin(key)
        out.write(text: value)
    }

    func encode(_ value: Double, forKey key: Key) throws {
        begin(key)
        try out.write(real: value)
    }

    func encode(_ value: Int, forKey key: Key) throws {
        begin(key)
        out.write(integer: value)
    }

    func encode(_ value: Int64, forKey key: Key) throws {
        begin(key)
        out.write(integer: value)
    }

    func encode(_ value: some Encodable, forKey key: Key) throws {
        begin(key)
        try out.write(value)
    }

    func nestedContainer<Nested>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
        out.refuse()
        return KeyedEncodingContainer(JSONFields<Nested>(out: out, keepsNames: false))
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        out.refuse()
        return JSONElements(out: out)
    }

    func superEncoder() -> any Encoder {
        out.refuse()
        return JSONLevel(out: out)
    }

    func superEncoder(forKey key: Key) -> any Encoder { superEncoder() }
}

private struct JSONElements: UnkeyedEncodingContainer {
    let out: JSONBytes
    var codingPath: [any CodingKey] { [] }
    private(set) var count = 0

    init(out: JSONBytes) { self.out = out }

    mutating func encodeNil() throws {
        begin()
        out.writeNull()
    }

    mutating func encode(_ value: some Encodable) throws {
        begin()
        try out.write(value)
    }

    private mutating func begin() {
        out.beginElement()
        count += 1
    }

    mutating func nestedContainer<Nested>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        out.refuse()
        return KeyedEncodingContainer(JSONFields<Nested>(out: out, keepsNames: false))
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        out.refuse()
        return JSONElements(out: out)
    }

    mutating func superEncoder() -> any Encoder {
        out.refuse()
        return JSONLevel(out: out)
    }
}

private struct JSONSingle: SingleValueEncodingContainer {
    let out: JSONBytes
    var codingPath: [any CodingKey] { [] }

    func encodeNil() throws {
        out.open(.single)
        out.writeNull()
    }

    func encode(_ value: Bool) throws {
        out.open(.single)
        out.write(flag: value)
    }

    func encode(_ value: String) throws {
        out.open(.single)
        out.write(text: value)
    }

    func encode(_ value: Double) throws {
        out.open(.single)
        try out.write(real: value)
    }

    func encode(_ value: Float) throws {
        out.open(.single)
        try out.write(real: value)
    }

    func encode(_ value: Int) throws {
        out.open(.single)
        out.write(integer: value)
    }

    func encode(_ value: Int8) throws {
        out.open(.single)
        out.write(integer: value)
    }

    func encode(_ value: Int16) throws {
        out.open(.single)
        out.write(integer: value)
    }

    func encode(_ value: Int32) throws {
        out.open(.single)
        out.write(integer: value)
    }

    func encode(_ value: Int64) throws {
        out.open(.single)
        out.write(integer: value)
    }

    func encode(_ value: UInt) throws {
        out.open(.single)
        out.write(integer: value)
    }

    func encode(_ value: UInt8) throws {
        out.open(.single)
        out.write(integer: value)
    }

    func encode(_ value: UInt16) throws {
        out.open(.single)
        out.write(integer: value)
    }

    func encode(_ value: UInt32) throws {
        out.open(.single)
        out.write(integer: value)
    }

    func encode(_ value: UInt64) throws {
        out.open(.single)
        out.write(integer: value)
    }

    func encode(_ value: some Encodable) throws {
        out.open(.single)
        try out.write(value)
    }
}
