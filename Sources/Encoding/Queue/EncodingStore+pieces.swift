import SQL

extension EncodingStore {
    static func seam(of id: EncodingID, chunk: Int, in access: ReadAccess) throws -> ChunkSeam? {
        let row = try access.first(
            "SELECT first, next FROM encoding_seams WHERE video_id = $1 AND chunk = $2", id, chunk)
        return try row.map { ChunkSeam(first: try $0.value("first"), next: try $0.value("next")) }
    }

    static func setSeam(_ seam: ChunkSeam, of id: EncodingID, chunk: Int, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO encoding_seams (video_id, chunk, first, next) VALUES ($1, $2, $3, $4)
            ON CONFLICT (video_id, chunk) DO UPDATE SET first = $3, next = $4
            """, id, chunk, seam.first, seam.next)
    }

    /// Another plan cuts elsewhere.
    static func removeSeams(of id: EncodingID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM encoding_seams WHERE video_id = $1", id)
    }

    /// Other segments stand in for these of a rendition.
    static func mend(
        _ made: [MadeSegment], _ name: String, of id: EncodingID, in transaction: Transaction
    ) throws {
        let row = try transaction.first(
            "SELECT mended, keyframes FROM encoding_renditions WHERE video_id = $1 AND name = $2", id, name)
        guard let row, !made.isEmpty else { return }
        var mended = CountedSegments(bytes: try row.value("mended", as: [UInt8]?.self) ?? [])
        var keyframes = KeyframeSizes(bytes: try row.value("keyframes", as: [UInt8]?.self) ?? [])
        for segment in made {
            _ = mended.insert(segment.number)
            keyframes.insert(segment.keyframeByteCount, of: segment)
        }
        try transaction.execute(
            """
            UPDATE encoding_renditions SET mended = $3, keyframes = $4,
            peak = CASE WHEN peak > $5 THEN peak ELSE $5 END WHERE video_id = $1 AND name = $2
            """, id, name, mended.bytes, keyframes.bytes, peak(made))
    }
}
