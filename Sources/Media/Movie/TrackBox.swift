/// A track as read so far (`trak`, ISO/IEC 14496-12 8.3).
struct TrackBox {
    private(set) var id: UInt32 = 0
    private var isEnabled = true
    private var timescale: UInt32 = 0
    private var language = "und"
    private var rotation = Rotation.none
    private var handler: FourCC = "----"
    private var descriptions: [SampleDescription] = []
    private var edits = EditList.none
    private var samples: SampleTableBuilder

    init(_ trak: inout ByteReader, limits: MovieLimits) throws(MovieError) {
        samples = SampleTableBuilder(limit: limits.samples)
        var unique = UniqueBoxes()
        while var box = try trak.nextBox() {
            switch box.box {
            case "tkhd":
                try unique.insert(box)
                try readHeader(&box)
            case "edts":
                while var child = try box.nextBox() {
                    guard child.box == "elst" else { continue }
                    try unique.insert(child)
                    try readEdits(&child)
                }
            case "mdia":
                try unique.insert(box)
                try readMedia(&box)
            default: break
            }
        }
        guard timescale > 0 else { throw .malformed("mdhd") }
    }

    private mutating func readHeader(_ box: inout ByteReader) throws(MovieError) {
        let (version, flags) = try box.versionAndFlags()
        isEnabled = flags & 1 != 0
        try box.skip(version == 1 ? 16 : 8)
        id = try box.uint32()
        // Reserved, duration, reserved, layer, group, volume, reserved.
        try box.skip(4 + (version == 1 ? 8 : 4) + 8 + 8)
        let (a, b) = (try box.int32(), try box.int32())
        try box.skip(4)
        let (c, d) = (try box.int32(), try box.int32())
        rotation = Rotation(a: a, b: b, c: c, d: d)
    }

    private mutating func readEdits(_ box: inout ByteReader) throws(MovieError) {
        let version = try box.versionAndFlags().version
        let count = try box.entryCount(bytesPerEntry: version == 1 ? 20 : 12)
        // More edits than this are no ordinary file; the shape stays "not simple", which is what matters.
        for _ in 0..<min(count, 1000) {
            let duration = version == 1 ? try box.uint64() : UInt64(try box.uint32())
            let time = version == 1 ? Int64(bitPattern: try box.uint64()) : Int64(try box.int32())
            let rate = try box.uint32()
            edits.entries.append(
                .init(duration: duration, mediaTime: time == -1 ? nil : time, isNormalSpeed: rate == 0x1_0000))
        }
    }

    private mutating func readMedia(_ mdia: inout ByteReader) throws(MovieError) {
        var information: ByteReader?
        var unique = UniqueBoxes()
        while var box = try mdia.nextBox() {
            switch box.box {
            case "mdhd":
                try unique.insert(box)
                let version = try box.versionAndFlags().version
                try box.skip(version == 1 ? 16 : 8)
                timescale = try box.uint32()
                try box.skip(version == 1 ? 8 : 4)
                language = TrackBox.language(try box.uint16())
            case "hdlr":
                try unique.insert(box)
                try box.skip(8)
                handler = try box.fourCC()
            case "minf":
                try unique.insert(box)
                information = box
            default: break
            }
        }
        while var box = try information?.nextBox() {
            guard box.box == "stbl", handler == "vide" || handler == "soun" else { continue }
            try unique.insert(box)
            try readSampleTable(&box)
        }
    }

    /// Three letters of five bits each; QuickTime's old numbers say nothing that is used here.
    private static func language(_ packed: UInt16) -> String {
        let letters = [packed >> 10 & 31, packed >> 5 & 31, packed & 31]
        guard letters.allSatisfy({ 1...26 ~= $0 }) else { return "und" }
        return String(decoding: letters.map { UInt8($0) + 0x60 }, as: UTF8.self)
    }

    private mutating func readSampleTable(_ stbl: inout ByteReader) throws(MovieError) {
        var tables: [FourCC: ByteReader] = [:]
        while let box = try stbl.nextBox() {
            guard SampleTableBuilder.tables.contains(box.box) else { continue }
            guard tables.updateValue(box, forKey: box.box) == nil else { throw box.malformed() }
        }
        guard var stsd = tables["stsd"] else { throw .malformed("stsd") }
        descriptions = try SampleDescription.read(&stsd, handler: handler)
        guard readsSamples else { return }
        try samples.readTables(tables)
    }

    /// Sound that is no AAC is never remuxed, and raw sound has a "sample" for each instant: not worth a table.
    private var readsSamples: Bool {
        switch descriptions.first?.format {
        case .video: true
        case .audio(let audio): audio.codec != .other
        default: false
        }
    }

    mutating func append(_ fragment: inout TrackFragmentBox) throws(MovieError) {
        guard readsSamples else { return }
        var decodeTime = fragment.decodeTime
        for run in fragment.runs {
            try samples.appendRun(run.samples, at: run.position, decodeTime: decodeTime)
            decodeTime = nil
        }
    }

    func track() throws(MovieError) -> Track {
        Track(
            id: id, isEnabled: isEnabled, timescale: timescale, language: language, rotation: rotation,
            format: descriptions.first?.format ?? .other(handler: handler),
            changesFormat: descriptions.dropFirst().contains { $0.format != descriptions.first?.format },
            edits: edits, samples: try samples.build())
    }
}
