/// A part of a video that has a name, from its start to the start of the next one.
public struct Chapter: Sendable, Equatable, Codable {
    /// In seconds.
    public var start: Double
    public var title: String

    public init(start: Double, title: String) {
        self.start = start
        self.title = title
    }
}

extension FieldCheck {
    /// Chapters in the order of their starts, of which each begins somewhere else and has a title.
    mutating func chapters(_ chapters: [Chapter]) -> [Chapter] {
        guard chapters.count <= VideoDetails.Limit.chapters else {
            refuse("chapters", "too_many", "At most \(VideoDetails.Limit.chapters).")
            return []
        }
        let sorted = chapters.sorted { $0.start < $1.start }.map { chapter in
            let title = text(chapter.title, "chapters", limit: VideoDetails.Limit.title)
            if title.isEmpty { refuse("chapters", "required", "A chapter needs a title.") }
            if !(0...VideoDetails.Limit.latestChapter).contains(chapter.start) {
                refuse("chapters", "out_of_range", "A chapter begins at a number of seconds, 0 or more.")
            }
            // Players know no less than a millisecond.
            return Chapter(start: (chapter.start * 1000).rounded() / 1000, title: title)
        }
        for (chapter, next) in zip(sorted, sorted.dropFirst()) where chapter.start == next.start {
            refuse("chapters", "repeated", "Two chapters begin at the same time.")
        }
        return sorted
    }
}
