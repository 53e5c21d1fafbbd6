import SQL
import Storage

/// By which blobs are known again.
extension EncodingStore {
    static let sumMigration = Migration(
        "encoding-0080",
        [
            "ALTER TABLE encoding_renditions ADD COLUMN sums BYTEA",
            """
            CREATE TABLE encoding_sums (
                video_id TEXT NOT NULL REFERENCES encodings (video_id) ON DELETE CASCADE,
                blob TEXT NOT NULL,
                sum BYTEA NOT NULL,
                PRIMARY KEY (video_id, blob)
            )
            """,
        ])

    /// All that are known of a video.
    static func sums(of id: EncodingID, in access: ReadAccess) throws -> [BlobKey: [UInt8]] {
        var sums: [BlobKey: [UInt8]] = [:]
        for row in try access.query("SELECT blob, sum FROM encoding_sums WHERE video_id = $1", id) {
            guard let key = BlobKey(try row.value("blob")) else { continue }
            sums[key] = try row.value("sum", as: [UInt8].self)
        }
        for rendition in try renditions(id, in: access) {
            for number in 0..<max(0, rendition.segmentCount) {
                guard let key = VideoFiles.segment(id, rendition.name, number) else { continue }
                if let sum = rendition.sums[number] { sums[key] = sum }
            }
        }
        return sums
    }

    /// Nothing where the video was removed meanwhile.
    static func setSums(_ sums: [BlobKey: [UInt8]], of id: EncodingID, in transaction: Transaction) throws {
        guard try outline(id, in: transaction) != nil else { return }
        for (key, sum) in sums where sum.count == SegmentSums.width {
            try transaction.execute(
                """
                INSERT INTO encoding_sums (video_id, blob, sum) VALUES ($1, $2, $3)
                ON CONFLICT (video_id, blob) DO UPDATE SET sum = $3
                """, id, "\(key)", sum)
        }
    }

    static func forgetSums(_ keys: [BlobKey], of id: EncodingID, in transaction: Transaction) throws {
        for key in keys {
            try transaction.execute("DELETE FROM encoding_sums WHERE video_id = $1 AND blob = $2", id, "\(key)")
        }
    }

    /// These segments of a rendition are not there any more.
    static func uncount(
        _ numbers: [Int], isMended: Bool, _ name: String, of id: EncodingID, in transaction: Transaction
    ) throws {
        guard let rendition = try renditions(id, in: transaction).first(where: { $0.name == name }) else { return }
        var (made, mended, sums) = (rendition.made, rendition.mended, rendition.sums)
        if isMended {
            for number in numbers { mended.remove(number) }
        } else {
            for number in numbers {
                made.remove(number)
                sums[number] = nil
            }
        }
        // Of each its share: how large it was nobody knows any more.
        let count = (0..<max(0, rendition.segmentCount)).count(where: made.contains)
        let share = rendition.madeCount > 0 ? Double(count) / Double(rendition.madeCount) : 0
        try transaction.execute(
            """
            UPDATE encoding_renditions SET made = $3, mended = $4, sums = $5, made_count = $6, made_bytes = $7,
            made_microseconds = $8 WHERE video_id = $1 AND name = $2
            """, id, name, made.bytes, mended.bytes, sums.bytes, count, Int(Double(rendition.madeBytes) * share),
            Int(Double(rendition.madeMicroseconds) * share))
    }

    /// All that is made from it is to be made from another one.
    static func forgetMezzanine(_ id: EncodingID, in transaction: Transaction) throws {
        try transaction.execute("UPDATE encodings SET mezzanine = NULL WHERE video_id = $1", id)
    }
}
