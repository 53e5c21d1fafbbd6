@testable import Media

/// Takes a file apart into its boxes and puts it together again, with all sizes as they must be.
enum BoxSurgery {
    private static let parents: Set<FourCC> = [
        "moov", "trak", "edts", "mdia", "minf", "stbl", "mvex", "moof", "traf",
    ]

    /// `change` answers what stands in the place of each box: nothing, the box, or several. Children come first.
    static func operate(
        on bytes: [UInt8], _ change: (FourCC, [UInt8]) -> [(FourCC, [UInt8])]
    ) -> [UInt8] {
        var writer = BoxWriter()
        var rest = bytes[...]
        while rest.count >= 8 {
            let size = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            let type = FourCC(rawValue: rest.dropFirst(4).prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
            var body = Array(rest.prefix(size).dropFirst(8))
            if parents.contains(type) { body = operate(on: body, change) }
            for (type, body) in change(type, body) { writer.box(type) { $0.raw(body) } }
            rest = rest.dropFirst(size)
        }
        return writer.bytes
    }

    static func doubling(_ wanted: FourCC, in bytes: [UInt8]) -> [UInt8] {
        operate(on: bytes) { type, body in
            type == wanted ? [(type, body), (type, body)] : [(type, body)]
        }
    }

    static func replacing(_ wanted: FourCC, in bytes: [UInt8], with body: [UInt8]) -> [UInt8] {
        operate(on: bytes) { type, old in [(type, type == wanted ? body : old)] }
    }

    /// A movie that says that fragments follow, with default values for track 1.
    static func announcingFragments(_ bytes: [UInt8]) -> [UInt8] {
        operate(on: bytes) { type, body in
            guard type == "mvhd" else { return [(type, body)] }
            var extends = BoxWriter()
            extends.fullBox("trex") { box in
                box.uint32(1)
                box.uint32(1)
                box.zeros(12)
            }
            return [(type, body), ("mvex", extends.bytes)]
        }
    }
}
