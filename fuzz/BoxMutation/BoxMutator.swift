/// Changes a file of boxes as somebody would who knows the format: boxes come twice, in other places, in another
/// order or not at all, and fields hold numbers at the ends of their ranges.
struct BoxMutator {
    private var state: UInt64
    private var tree: BoxTree

    init(_ bytes: [UInt8], seed: UInt32) {
        state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        tree = BoxTree(bytes)
    }

    mutating func mutated() -> [UInt8] {
        for _ in 0...random(below: 3) { change() }
        var bytes = tree.bytes
        // Now and then a size lies: everything else keeps the sizes true.
        if random(below: 16) == 0, bytes.count >= 8 { lie(&bytes) }
        return bytes
    }

    /// Where a box stands: positions among the children, from the root.
    private typealias Path = [Int]

    private mutating func change() {
        let paths = allPaths()
        guard let path = paths.randomElement(using: &self) else { return tree.root.rest.append(0) }
        switch random(below: 12) {
        case 0: double(path)
        case 1: _ = remove(path)
        case 2: move(path, among: paths)
        case 3: swap(path)
        case 4: doubleFragment()
        case 5: growTable(path)
        case 6: with(path) { box, mutator in box.type = Self.types.randomElement(using: &mutator) ?? box.type }
        case 7: with(path) { box, _ in box.isLarge.toggle() }
        case 8: with(path) { box, mutator in mutator.cut(&box) }
        default: with(path) { box, mutator in mutator.setField(&box) }
        }
    }

    // MARK: Whole boxes

    private mutating func double(_ path: Path) {
        guard let box = box(at: path), let last = path.last else { return }
        let place = random(below: 2) == 0 ? last : Int.max
        with(path.dropLast()) { parent, _ in parent.children.insert(box, at: min(place, parent.children.count)) }
    }

    @discardableResult
    private mutating func remove(_ path: Path) -> BoxTree.Box? {
        guard let last = path.last else { return nil }
        var removed: BoxTree.Box?
        with(path.dropLast()) { parent, _ in
            if parent.children.indices.contains(last) { removed = parent.children.remove(at: last) }
        }
        return removed
    }

    /// Into another parent, or once more into its own.
    private mutating func move(_ path: Path, among paths: [Path]) {
        guard let box = box(at: path), let target = paths.randomElement(using: &self) else { return }
        if random(below: 2) == 0, !target.starts(with: path) { remove(path) }
        with(target) { parent, mutator in
            if parent.children.isEmpty { parent.rest = [] }
            parent.children.insert(box, at: mutator.random(below: parent.children.count + 1))
        }
    }

    private mutating func swap(_ path: Path) {
        with(path.dropLast()) { parent, mutator in parent.children.shuffle(using: &mutator) }
    }

    private mutating func doubleFragment() {
        let fragments = tree.root.children.indices.filter { tree.root.children[$0].type == BoxTree.code("moof") }
        guard let first = fragments.randomElement(using: &self) else { return }
        let copies = tree.root.children[first...].prefix(2)
        tree.root.children.append(contentsOf: copies)
    }

    // MARK: Inside a box

    /// Numbers at the ends of what fields and sums of fields can hold.
    private static let extremes: [UInt64] = [
        0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 10_000, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 31) + 1, (1 << 32) - 1,
        1 << 32, 1 << 55, 1 << 56, (1 << 56) + 1, 1 << 58, 1 << 61, 1 << 62, (1 << 62) - 1, (1 << 63) - 1, 1 << 63,
        (1 << 63) + 1, .max - 1, .max, 0x3FF0_0000_0000_0000, 0x7FF0_0000_0000_0000, 0x7FF8_0000_0000_0000,
        0x4415_AF1D_78B5_8C40, 0xFFFF_FFFF_0000_0000, 48_000, 90_000, 1_000,
    ]

    private mutating func setField(_ box: inout BoxTree.Box) {
        let usesHead = !box.head.isEmpty && (box.rest.isEmpty || random(below: 2) == 0)
        var bytes = usesHead ? box.head : box.rest
        guard !bytes.isEmpty else { return }
        let width = [1, 2, 4, 4, 4, 8, 8].randomElement(using: &self) ?? 4
        let slots = max(1, bytes.count / min(width, 4))
        // Counts and sizes stand first; version and flags before them.
        let slot = random(below: 3) == 0 ? random(below: min(slots, 6)) : random(below: slots)
        let start = slot * min(width, 4)
        let number = Self.extremes.randomElement(using: &self) ?? 0
        for (offset, byte) in BoxTree.big(number, width).enumerated() where start + offset < bytes.count {
            bytes[start + offset] = byte
        }
        if random(below: 8) == 0 { bytes[0] ^= 1 }
        if usesHead { box.head = bytes } else { box.rest = bytes }
    }

    /// One more entry, or many, with the count that goes with them.
    private mutating func growTable(_ path: Path) {
        with(path) { box, mutator in
            guard box.rest.count >= 8 else { return }
            let width = [4, 8, 12, 16, 20].randomElement(using: &mutator) ?? 8
            let entry = Array(box.rest.suffix(width))
            let times = [1, 1, 2, 7].randomElement(using: &mutator) ?? 1
            for _ in 0..<times { box.rest += entry }
            let place = box.rest.count >= 20 && mutator.random(below: 2) == 0 ? 8 : 4
            var count = box.rest[place..<place + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            count &+= UInt32(times)
            box.rest.replaceSubrange(place..<place + 4, with: BoxTree.big(UInt64(count), 4))
        }
    }

    private mutating func cut(_ box: inout BoxTree.Box) {
        guard !box.rest.isEmpty else { return }
        box.rest.removeLast(1 + random(below: min(box.rest.count, 16)))
    }

    private mutating func lie(_ bytes: inout [UInt8]) {
        let size = BoxTree.big(Self.extremes.randomElement(using: &self) ?? 0, 4)
        let places = bytes.indices.dropLast(7).filter { Self.types.contains(Self.word(bytes, at: $0 + 4)) }
        guard let place = places.randomElement(using: &self) else { return }
        bytes.replaceSubrange(place..<place + 4, with: size)
    }

    private static func word(_ bytes: [UInt8], at place: Int) -> UInt32 {
        bytes[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    static let types: [UInt32] = [
        "ftyp", "moov", "mvhd", "trak", "tkhd", "edts", "elst", "mdia", "mdhd", "hdlr", "minf", "stbl", "stsd", "stts",
        "ctts", "stss", "stsz", "stz2", "stsc", "stco", "co64", "mvex", "trex", "moof", "mfhd", "traf", "tfhd", "tfdt",
        "trun", "mdat", "avc1", "avcC", "hvc1", "hvcC", "mp4a", "esds", "wave", "colr", "pasp", "free", "cmov",
    ].map(BoxTree.code)

    // MARK: Places

    private func allPaths() -> [Path] {
        var paths: [Path] = []
        func walk(_ box: BoxTree.Box, _ path: Path) {
            for (position, child) in box.children.enumerated() where paths.count < 4096 {
                paths.append(path + [position])
                walk(child, path + [position])
            }
        }
        walk(tree.root, [])
        return paths
    }

    private func box(at path: Path) -> BoxTree.Box? {
        var box = tree.root
        for position in path {
            guard box.children.indices.contains(position) else { return nil }
            box = box.children[position]
        }
        return box
    }

    private mutating func with(_ path: some Sequence<Int>, _ change: (inout BoxTree.Box, inout BoxMutator) -> Void) {
        var root = tree.root
        apply(&root, Array(path)[...], change)
        tree.root = root
    }

    private mutating func apply(
        _ box: inout BoxTree.Box, _ path: ArraySlice<Int>, _ change: (inout BoxTree.Box, inout BoxMutator) -> Void
    ) {
        guard let first = path.first else { return change(&box, &self) }
        guard box.children.indices.contains(first) else { return }
        apply(&box.children[first], path.dropFirst(), change)
    }

    private mutating func random(below limit: Int) -> Int { Int.random(in: 0..<max(1, limit), using: &self) }
}

extension BoxMutator: RandomNumberGenerator {
    /// SplitMix64: the same seed gives the same changes.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
