/// Remembers which boxes of a parent were read: a second one of a kind that may come once makes the file malformed,
/// as nobody can tell which of them is meant (ISO/IEC 14496-12 6.2.3).
struct UniqueBoxes {
    private var seen: Set<FourCC> = []

    /// Throws if there was a box of this kind before.
    mutating func insert(_ box: ByteReader) throws(MovieError) {
        guard seen.insert(box.box).inserted else { throw box.malformed() }
    }
}
