/// How often each name is among many, told apart by their bytes: to make a text of each takes longer than to count them.
///
/// The bytes must stay where they are as long as this is used.
struct NameCounts {
    private struct Entry {
        let name: UnsafeRawBufferPointer
        var count: Int
    }

    // bound: names of mostVideos videos
    private var entries: [Entry] = []
    /// By the hashes of names, the numbers of their entries from 1; 0 where there is none. Half of them at least are free, and they are as
    /// many as a power of two.
    private var places = [Int32](repeating: 0, count: 64)

    mutating func add(_ name: UnsafeRawBufferPointer) {
        var place = firstPlace(of: name)
        while places[place] > 0 {
            let index = Int(places[place]) - 1
            if entries[index].name.count == name.count, entries[index].name.elementsEqual(name) {
                entries[index].count += 1  // bound: names of mostVideos videos
                return
            }
            place = (place + 1) & (places.count - 1)
        }
        entries.append(Entry(name: name, count: 1))
        places[place] = Int32(entries.count)
        if entries.count * 2 > places.count { grow() }
    }

    private mutating func grow() {
        places = [Int32](repeating: 0, count: places.count * 2)
        for (index, entry) in entries.enumerated() {
            var place = firstPlace(of: entry.name)
            while places[place] > 0 { place = (place + 1) & (places.count - 1) }
            places[place] = Int32(index + 1)
        }
    }

    /// Where it is, unless others are there.
    private func firstPlace(of name: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: name)
        return hasher.finalize() & (places.count - 1)
    }

    /// The most frequent first, those that are as frequent in the order of their bytes.
    func mostFrequent(_ most: Int) -> [FoundCounts.Count] {
        func precedes(_ one: Entry, _ other: Entry) -> Bool {
            one.count == other.count ? one.name.lexicographicallyPrecedes(other.name) : one.count > other.count
        }
        // To sort all of them takes far longer: most names are those of a single video.
        // bound: most
        var best: [Entry] = []
        for each in entries {
            if best.count == most {
                guard let last = best.last, precedes(each, last) else { continue }
                best.removeLast()
            }
            best.insert(each, at: best.firstIndex { precedes(each, $0) } ?? best.endIndex)
        }
        return best.map { FoundCounts.Count(value: String(decoding: $0.name, as: UTF8.self), count: $0.count) }
    }
}
