/// What of a video a search counts, as one text beside the index: to read the names of each video that is found takes longer than to find
/// them.
struct Facets: Equatable {
    /// No name has one of these: controls are refused.
    private static let (kindsMark, namesMark): (UInt8, UInt8) = (0x1D, 0x1F)
    /// Stands between the texts of several videos.
    static let videosMark = "\u{1E}"
    /// Stands between a video's status and its text.
    static let statusMark = "\u{1D}"

    var category: String?
    var tags: [String]
    var people: [String]
    var language: String?

    /// The category, which may be empty, then tags, then people, then the language, which may be empty.
    var text: String {
        let kinds = [[category].compactMap(\.self), tags, people, [language].compactMap(\.self)].map {
            $0.joined(separator: "\u{1F}")
        }
        return kinds.joined(separator: "\u{1D}")
    }

    init(category: String?, tags: [String], people: [String], language: String? = nil) {
        (self.category, self.tags, self.people, self.language) = (category, tags, people, language)
    }

    init(text: String) {
        let kinds = text.utf8.split(separator: Self.kindsMark, omittingEmptySubsequences: false).map { names in
            names.split(separator: Self.namesMark).map { String(decoding: $0, as: UTF8.self) }
        }
        func names(_ place: Int) -> [String] { kinds.indices.contains(place) ? kinds[place] : [] }
        self.init(category: names(0).first, tags: names(1), people: names(2), language: names(3).first)
    }

    /// Counts names in the texts of many videos, each of which stands behind the video's status.
    static func count(_ texts: String, of total: Int) -> FoundCounts {
        var texts = texts
        let most = texts.withUTF8 { text -> [[FoundCounts.Count]] in
            let bytes = UnsafeRawBufferPointer(text)
            var (counts, kind, start) = ([NameCounts](repeating: NameCounts(), count: 5), 0, 0)
            for index in 0...bytes.count {
                let byte = index < bytes.count ? bytes[index] : 0x1E
                guard (0x1D...0x1F).contains(byte) else { continue }
                if index > start, kind < counts.count {
                    counts[kind].add(UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
                }
                start = index + 1
                if byte == kindsMark { kind += 1 }  // bound: five kinds
                if byte == 0x1E { kind = 0 }
            }
            return counts.map { $0.mostFrequent(FoundCounts.mostValues) }
        }
        return FoundCounts(
            total: total, isExact: total < FoundCounts.mostVideos, category: most[1], status: most[0], tag: most[2],
            person: most[3], language: most[4])
    }
}
