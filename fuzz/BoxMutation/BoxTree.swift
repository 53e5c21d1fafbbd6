/// A file as boxes in boxes, loosely: what is no box stays as bytes.
struct BoxTree {
    struct Box {
        var type: UInt32
        /// What stands before the children: fields of the box itself.
        var head: [UInt8] = []
        var children: [Box] = []
        /// What is left behind the last child; for a box without children, all of it.
        var rest: [UInt8] = []
        /// Written with a size of 64 bits.
        var isLarge = false
    }

    /// The file itself: a box without a size and a type.
    var root: Box

    init(_ bytes: [UInt8]) { root = Self.parse(bytes[...], type: 0, isParent: true, depth: 0) }

    var bytes: [UInt8] { Self.content(root) }

    static func code(_ text: String) -> UInt32 { text.utf8.reduce(0) { $0 << 8 | UInt32($1) } }

    /// How many bytes stand before the children of a box that has children.
    private static let heads: [UInt32: Int] = {
        var heads: [UInt32: Int] = [:]
        for name in ["moov", "trak", "edts", "mdia", "minf", "dinf", "stbl", "mvex", "moof", "traf", "udta", "wave"] {
            heads[code(name)] = 0
        }
        heads[code("stsd")] = 8
        for name in ["avc1", "avc3", "hvc1", "hev1"] { heads[code(name)] = 78 }
        heads[code("mp4a")] = 28
        return heads
    }()

    private static func parse(_ bytes: ArraySlice<UInt8>, type: UInt32, isParent: Bool, depth: Int) -> Box {
        var box = Box(type: type)
        var rest = bytes
        guard isParent, depth < 12 else {
            box.rest = Array(rest)
            return box
        }
        let head = type == 0 ? 0 : heads[type] ?? 0
        box.head = Array(rest.prefix(head))
        rest = rest.dropFirst(head)
        while rest.count >= 8 {
            var (size, header) = (number(rest.prefix(4)), 8)
            let isLarge = size == 1 && rest.count >= 16
            if isLarge { (size, header) = (number(rest.dropFirst(8).prefix(8)), 16) }
            guard size >= header, size <= rest.count else { break }
            let type = UInt32(truncatingIfNeeded: number(rest.dropFirst(4).prefix(4)))
            let body = rest.prefix(size).dropFirst(header)
            var child = parse(body, type: type, isParent: type != 0 && heads[type] != nil, depth: depth + 1)
            child.isLarge = isLarge
            box.children.append(child)
            rest = rest.dropFirst(size)
        }
        box.rest = Array(rest)
        return box
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { $0 << 8 & 0x7FFF_FFFF_FFFF_FFFF | Int($1) }
    }

    private static func content(_ box: Box) -> [UInt8] {
        var bytes = box.head
        for child in box.children {
            let body = content(child)
            let header = child.isLarge ? 16 : 8
            bytes += big(UInt64(child.isLarge ? 1 : body.count + header), 4) + big(UInt64(child.type), 4)
            if child.isLarge { bytes += big(UInt64(body.count + header), 8) }
            bytes += body
        }
        return bytes + box.rest
    }

    /// Big-endian.
    static func big(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
    }
}
