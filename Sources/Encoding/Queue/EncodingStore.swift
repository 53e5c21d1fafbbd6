import FoundationEssentials
import Media
import SQL

/// An encoding as its row says.
struct EncodingRecord: Sendable {
    enum State: String, Sendable, SQLConvertible {
        case waiting, planned, complete, failed
    }

    var id: EncodingID
    var state: State
    /// Of the original.
    var facts: MediaFacts
    var plan: EncodingPlan?
    /// The index of the original does not hold: it is read once from its first byte to its last.
    var needsMezzanine: Bool
    /// What came of that; nil before it is whole.
    var mezzanine: MediaFacts?
    var isReady: Bool
    var errorCode: String?
    var errorDetail: String?

    /// In seconds, as planned.
    var duration: Double?
    var warnings: [MediaWarning]
    var hasThumbnail: Bool
    /// Names of those that are made.
    var captions: [String]

    /// What everything is made from.
    var source: MediaFacts { mezzanine ?? facts }
}

/// A rendition as its row says: what was decided, and what was measured.
struct RenditionRecord: Sendable {
    var name: String
    var isVideo: Bool
    var size: PixelSize
    var codecs: String
    var key: [UInt8]?
    var expected: HLS.Bandwidth
    var segmentCount: Int
    var madeCount: Int
    var hasStart: Bool
    var madeBytes: Int
    var madeMicroseconds: Int
    var peak: Int
    var isFailed: Bool
    /// The expectation was taken from the source's own sample sizes.
    var isCopied: Bool
    var keyframes = KeyframeSizes()
    /// Those that others stand in for.
    var mended = CountedSegments(bytes: [])
    /// Those that are there.
    var made = CountedSegments(bytes: [])
    var sums = SegmentSums()

    var isComplete: Bool { madeCount >= segmentCount }

    /// Measured, as soon as there is something to measure. The expectation of a copied rendition is exact, so it
    /// speaks until all is there.
    var bandwidth: HLS.Bandwidth {
        guard madeMicroseconds > 0 else { return expected }
        let average = Int((Double(madeBytes) * 8_000_000 / Double(madeMicroseconds)).rounded(.up))
        if isCopied, !isComplete { return expected }
        return HLS.Bandwidth(peak: max(peak, average), average: average)
    }
}

/// How many bytes of each segment of a rendition show its first picture: four bytes each, the highest first; 0 where that
/// is not known.
struct KeyframeSizes: Sendable, Hashable {
    var bytes: [UInt8] = []

    /// - Parameter size: comes out of a confined process, like the segment whose size is known.
    mutating func insert(_ size: Int?, of segment: MadeSegment) {
        guard let size, size > 0, size <= segment.byteCount, let size = UInt32(exactly: size) else { return }
        let place = segment.number * 4  // bound: a number of the plan
        while bytes.count < place + 4 { bytes.append(0) }
        for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: size >> (24 - 8 * UInt32(index))) }
    }

    /// Of so many segments; nil where one is not known.
    func sizes(count: Int) -> [Int]? {
        guard count > 0, bytes.count >= 4, bytes.count / 4 >= count else { return nil }
        let sizes = (0..<count).map { number in bytes[number * 4..<number * 4 + 4].reduce(0) { $0 << 8 | Int($1) } }
        return sizes.contains(0) ? nil : sizes
    }
}

/// Which segments of a rendition are counted: a bit each, the lowest of the first byte for segment 0.
struct CountedSegments: Sendable, Hashable {
    var bytes: [UInt8]

    func contains(_ number: Int) -> Bool {
        bytes.indices.contains(number / 8) && bytes[number / 8] & UInt8(1) << UInt8(number % 8) != 0
    }

    mutating func remove(_ number: Int) {
        guard contains(number) else { return }
        bytes[number / 8] &= ~(UInt8(1) << UInt8(number % 8))
    }

    /// False when it was counted before.
    mutating func insert(_ number: Int) -> Bool {
        let (byte, bit) = (number / 8, UInt8(1) << UInt8(number % 8))
        while bytes.count <= byte { bytes.append(0) }
        guard bytes[byte] & bit == 0 else { return false }
        bytes[byte] |= bit
        return true
    }
}

/// The SQL of encodings and their renditions. One dialect-neutral text each.
enum EncodingStore {
    static func insert(_ id: EncodingID, facts: MediaFacts, at now: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO encodings (video_id, state, facts, warnings, created_at, lines) VALUES ($1, $2, $3, $4, $5, $6)
            """, id, EncodingRecord.State.waiting, try json(facts), try json(facts.warnings), now,
            facts.video.map { min($0.displaySize.width, $0.displaySize.height) } ?? 0)
    }

    static func remove(_ id: EncodingID, in transaction: Transaction) throws {
        for table in [
            "encoding_demands", "encoding_tasks", "encoding_turns", "encoding_seams", "encoding_sums",
            "encoding_renditions", "encodings",
        ] {
            try transaction.execute("DELETE FROM \(table) WHERE video_id = $1", id)
        }
    }

    static func record(_ id: EncodingID, in access: ReadAccess) throws -> EncodingRecord? {
        guard let row = try access.first("SELECT * FROM encodings WHERE video_id = $1", id) else { return nil }
        var record = try record(id, row)
        record.plan = try row.value("plan", as: String?.self).map { try value($0) }
        return record
    }

    /// Like `record` without the plan, which may be long.
    static func outline(_ id: EncodingID, in access: ReadAccess) throws -> EncodingRecord? {
        let row = try access.first(
            """
            SELECT state, facts, needs_mezzanine, mezzanine, duration, warnings, has_thumbnail, captions, ready_at,
            error_code, error_detail FROM encodings
            WHERE video_id = $1
            """, id)
        return try row.map { try record(id, $0) }
    }

    private static func record(_ id: EncodingID, _ row: Row) throws -> EncodingRecord {
        EncodingRecord(
            id: id, state: try row.value("state"), facts: try value(try row.value("facts")), plan: nil,
            needsMezzanine: try row.value("needs_mezzanine"),
            mezzanine: try row.value("mezzanine", as: String?.self).map { try value($0) },
            isReady: try row.value("ready_at", as: Int64?.self) != nil, errorCode: try row.value("error_code"),
            errorDetail: try row.value("error_detail"), duration: try row.value("duration"),
            warnings: try value(try row.value("warnings")), hasThumbnail: try row.value("has_thumbnail"),
            captions: try row.value("captions", as: String?.self).map { try value($0) } ?? [])
    }

    static func setHasThumbnail(_ id: EncodingID, in transaction: Transaction) throws {
        try transaction.execute("UPDATE encodings SET has_thumbnail = 1 WHERE video_id = $1", id)
    }

    static func setCaptions(_ names: [String], of id: EncodingID, in transaction: Transaction) throws {
        try transaction.execute("UPDATE encodings SET captions = $2 WHERE video_id = $1", id, try json(names))
    }

    static func setNeedsMezzanine(_ id: EncodingID, in transaction: Transaction) throws {
        try transaction.execute("UPDATE encodings SET needs_mezzanine = 1 WHERE video_id = $1", id)
    }

    /// From now on all is made from it.
    static func setMezzanine(_ facts: MediaFacts, of id: EncodingID, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE encodings SET mezzanine = $2, error_code = NULL, error_detail = NULL WHERE video_id = $1", id,
            try json(facts))
    }

    static func removeTasks(of id: EncodingID, in transaction: Transaction) throws {
        for table in ["encoding_tasks", "encoding_turns"] {
            try transaction.execute("DELETE FROM \(table) WHERE video_id = $1", id)
        }
    }

    /// Those of the same name go on: with their keys, and with what is counted of them.
    static func setRenditions(
        _ renditions: [RenditionRecord], of id: EncodingID, in transaction: Transaction
    ) throws {
        let names = renditions.map(\.name)
        for known in try self.renditions(id, in: transaction) where !names.contains(known.name) {
            try transaction.execute(
                "DELETE FROM encoding_renditions WHERE video_id = $1 AND name = $2", id, known.name)
        }
        for (position, rendition) in renditions.enumerated() {
            try insert(rendition, at: position, of: id, in: transaction)
        }
    }

    static func setPlan(_ plan: EncodingPlan, of id: EncodingID, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE encodings SET state = $2, plan = $3, duration = $4 WHERE video_id = $1", id,
            EncodingRecord.State.planned, try json(plan), plan.duration.seconds)
        guard let record = try outline(id, in: transaction) else { return }
        let warnings = record.warnings.map { warning in
            warning.code == .truncated ? MediaWarning(.truncated, detail: plan.duration.decimalSeconds) : warning
        }
        try setWarnings(warnings, of: id, in: transaction)
    }

    /// Nothing follows any more what was shown of a film while it was read.
    static func endGrowth(of id: EncodingID, in transaction: Transaction) throws {
        guard var plan = try record(id, in: transaction)?.plan, plan.isGrowing else { return }
        plan.isGrowing = false
        try add(MediaWarning(.truncated), to: id, in: transaction)
        try setPlan(plan, of: id, in: transaction)
        try transaction.execute(
            "UPDATE encoding_renditions SET segment_count = segment_count - 1 WHERE video_id = $1", id)
    }

    /// The first of its kind stays.
    static func add(_ warning: MediaWarning, to id: EncodingID, in transaction: Transaction) throws {
        guard let known = try outline(id, in: transaction)?.warnings,
            !known.contains(where: { $0.code == warning.code })
        else { return }
        try setWarnings(known + [warning], of: id, in: transaction)
    }

    /// Of several damaged places the first is told.
    static func addDamage(at time: MediaTime, to id: EncodingID, in transaction: Transaction) throws {
        guard var known = try outline(id, in: transaction)?.warnings else { return }
        let place = known.firstIndex { $0.code == .damaged }
        let told = place.flatMap { known[$0].detail.flatMap { Double($0) } }
        if let told, told <= time.seconds { return }
        if let place { known.remove(at: place) }
        try setWarnings(known + [MediaWarning(.damaged, detail: time.decimalSeconds)], of: id, in: transaction)
    }

    private static func setWarnings(
        _ warnings: [MediaWarning], of id: EncodingID, in transaction: Transaction
    ) throws {
        try transaction.execute("UPDATE encodings SET warnings = $2 WHERE video_id = $1", id, try json(warnings))
    }

    static func setState(
        _ state: EncodingRecord.State, of id: EncodingID, code: String? = nil, detail: String? = nil,
        in transaction: Transaction
    ) throws {
        try transaction.execute(
            "UPDATE encodings SET state = $2, error_code = $3, error_detail = $4 WHERE video_id = $1", id, state, code,
            detail)
    }

    static func setReady(_ id: EncodingID, at now: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE encodings SET ready_at = $2 WHERE video_id = $1 AND ready_at IS NULL", id, now)
    }

    static func insert(
        _ rendition: RenditionRecord, at position: Int, of id: EncodingID, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO encoding_renditions (video_id, name, position, is_video, width, height, codecs, encryption_key,
            expected_peak, expected_average, segment_count, is_copied)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (video_id, name) DO UPDATE SET position = $3, expected_peak = $9, expected_average = $10,
            segment_count = $11
            """, id, rendition.name, position, rendition.isVideo, rendition.size.width, rendition.size.height,
            rendition.codecs, rendition.key, rendition.expected.peak, rendition.expected.average,
            rendition.segmentCount, rendition.isCopied)
    }

    static func renditions(_ id: EncodingID, in access: ReadAccess) throws -> [RenditionRecord] {
        try access.query("SELECT * FROM encoding_renditions WHERE video_id = $1 ORDER BY position", id).map { row in
            RenditionRecord(
                name: try row.value("name"), isVideo: try row.value("is_video"),
                size: PixelSize(width: try row.value("width"), height: try row.value("height")),
                codecs: try row.value("codecs"), key: try row.value("encryption_key"),
                expected: HLS.Bandwidth(
                    peak: try row.value("expected_peak"), average: try row.value("expected_average")),
                segmentCount: try row.value("segment_count"), madeCount: try row.value("made_count"),
                hasStart: try row.value("has_start"), madeBytes: try row.value("made_bytes"),
                madeMicroseconds: try row.value("made_microseconds"), peak: try row.value("peak"),
                isFailed: try row.value("is_failed"), isCopied: try row.value("is_copied"),
                keyframes: KeyframeSizes(bytes: try row.value("keyframes", as: [UInt8]?.self) ?? []),
                mended: CountedSegments(bytes: try row.value("mended", as: [UInt8]?.self) ?? []),
                made: CountedSegments(bytes: try row.value("made", as: [UInt8]?.self) ?? []),
                sums: SegmentSums(bytes: try row.value("sums", as: [UInt8]?.self) ?? []))
        }
    }

    /// Counts segments that have their names now; each counts once, however often it is told of.
    static func count(_ made: [MadeSegment], of id: EncodingID, in transaction: Transaction) throws {
        for (name, segments) in Dictionary(grouping: made, by: \.rendition) {
            let row = try transaction.first(
                "SELECT made, keyframes, mended, sums FROM encoding_renditions WHERE video_id = $1 AND name = $2", id,
                name)
            guard let row else { continue }
            var counted = CountedSegments(bytes: try row.value("made", as: [UInt8]?.self) ?? [])
            let new = segments.filter { counted.insert($0.number) }
            let known = SegmentSums(bytes: try row.value("sums", as: [UInt8]?.self) ?? [])
            var sums = known
            // One that was lost may have been made again for a viewer.
            for segment in segments {
                if let sum = segment.sum { sums[segment.number] = sum }
            }
            guard !new.isEmpty || sums != known else { continue }
            var keyframes = KeyframeSizes(bytes: try row.value("keyframes", as: [UInt8]?.self) ?? [])
            let mended = CountedSegments(bytes: try row.value("mended", as: [UInt8]?.self) ?? [])
            for segment in new where !mended.contains(segment.number) {
                keyframes.insert(segment.keyframeByteCount, of: segment)
            }
            try transaction.execute(
                """
                UPDATE encoding_renditions SET made = $3, made_count = made_count + $4, made_bytes = made_bytes + $5,
                made_microseconds = made_microseconds + $6, peak = CASE WHEN peak > $7 THEN peak ELSE $7 END,
                has_start = CASE WHEN has_start = 1 THEN 1 ELSE $8 END, keyframes = $9, sums = $10
                WHERE video_id = $1 AND name = $2
                """, id, name, counted.bytes, new.count, new.reduce(0) { $0 + $1.byteCount },
                new.reduce(0) { $0 + $1.duration.ticks(at: 1_000_000) }, peak(new), new.contains { $0.number == 0 },
                keyframes.bytes, sums.bytes)
        }
    }

    /// Counts a rendition anew from what is in the storage.
    static func recount(
        _ made: [MadeSegment], _ name: String, of id: EncodingID, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            UPDATE encoding_renditions SET made = NULL, made_count = 0, made_bytes = 0, made_microseconds = 0, peak = 0, has_start = 0
            WHERE video_id = $1 AND name = $2
            """, id, name)
        try count(made, of: id, in: transaction)
    }

    /// Segments much shorter than a second say nothing about a rate.
    static func peak(_ segments: [MadeSegment]) -> Int {
        segments.map { Int((Double($0.byteCount) * 8 / max(1, $0.duration.seconds)).rounded(.up)) }.max() ?? 0
    }

    /// Tasks of these kinds are not run until somebody asks for it.
    static func poison(_ kinds: [EncodingTask.Kind], of id: EncodingID, in transaction: Transaction) throws {
        for kind in kinds {
            try transaction.execute(
                "UPDATE encoding_tasks SET is_poison = 1 WHERE video_id = $1 AND kind = $2", id, kind)
        }
    }

    /// Everything that failed may be tried again. Answers how many tasks that are.
    static func forgive(_ id: EncodingID, in transaction: Transaction) throws -> Int {
        try transaction.execute(
            "UPDATE encoding_renditions SET is_failed = 0 WHERE video_id = $1 AND is_failed = 1", id)
        return try transaction.execute(
            """
            UPDATE encoding_tasks SET is_poison = 0, attempts = 0, traps = 0, not_before = 0, last_words = NULL
            WHERE video_id = $1 AND is_poison = 1
            """, id)
    }

    static func setCodecs(_ codecs: String, _ name: String, of id: EncodingID, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE encoding_renditions SET codecs = $3 WHERE video_id = $1 AND name = $2", id, name, codecs)
    }

    static func setFailed(_ names: [String], of id: EncodingID, _ isFailed: Bool, in transaction: Transaction) throws {
        for name in names {
            try transaction.execute(
                "UPDATE encoding_renditions SET is_failed = $3 WHERE video_id = $1 AND name = $2", id, name, isFailed)
        }
    }

    private static func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }

    private static func value<T: Decodable>(_ json: String) throws -> T {
        try JSONDecoder().decode(T.self, from: Data(json.utf8))
    }
}
