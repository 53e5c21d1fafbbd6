/// The body of `POST /videos/batch`: one change for many videos.
struct VideoBatch: Sendable, Decodable {
    let ids: [String]
    let wish: BatchValues
    let addedTags: [String]
    let removedTags: [String]

    private enum Key: String, CodingKey {
        case ids, addTags, removeTags
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        ids = try fields.decode([String].self, forKey: .ids)
        wish = try BatchValues(from: decoder)
        addedTags = try fields.decodeIfPresent([String].self, forKey: .addTags) ?? []
        removedTags = try fields.decodeIfPresent([String].self, forKey: .removeTags) ?? []
    }

    /// With every text checked and trimmed, and each video once.
    func checked() throws -> (ids: [String], edit: Edit) {
        var check = FieldCheck()
        var wish = wish
        // All tags of many videos at once is what nobody means.
        wish.tags = nil
        if case .set(let name) = wish.category {
            wish.category = check.word(name, "category").map { .set($0) } ?? .cleared
        }
        let edit = Edit(
            values: wish, addedTags: check.words(addedTags, "add_tags"),
            removedTags: check.words(removedTags, "remove_tags"))
        if !(1...ChangeVideos.most).contains(ids.count) {
            check.refuse("ids", "invalid", "From 1 to \(ChangeVideos.most) videos.")
        }
        let changesFacts = edit.changesFacts
        if !changesFacts, wish.isTrashed == nil {
            check.refuse("change", "required", "Say what is to be changed.")
        } else if changesFacts, wish.isTrashed != nil {
            check.refuse("is_trashed", "not_alone", "Moving to the trash, and out of it, is a change of its own.")
        }
        try check.finish()
        var seen: Set<String> = []
        return (ids.filter { seen.insert($0).inserted }, edit)
    }

    struct Edit: Sendable {
        var values: BatchValues
        var addedTags: [String]
        var removedTags: [String]

        var changesFacts: Bool {
            values.isHidden != nil || values.isPremium != nil || values.category != .unchanged || !addedTags.isEmpty
                || !removedTags.isEmpty
        }

        /// What a video with these values is to have.
        func values(for video: Video) throws -> BatchValues {
            var wanted = values
            guard !addedTags.isEmpty || !removedTags.isEmpty else { return wanted }
            let kept = video.tags.filter { !removedTags.contains($0) }
            let tags = kept + addedTags.filter { !kept.contains($0) && !removedTags.contains($0) }
            var check = FieldCheck()
            wanted.tags = check.words(tags, "tags")
            try check.finish()
            return wanted
        }
    }
}

/// The body of `POST /videos/batch/undo`: what the answer to a batch said of the videos that it changed.
struct BatchUndo: Sendable, Decodable {
    struct Item: Sendable, Decodable {
        let id: String
        let before: BatchValues
        let after: BatchValues
    }

    let videos: [Item]

    func checked() throws -> [Item] {
        var check = FieldCheck()
        if !(1...ChangeVideos.most).contains(videos.count) {
            check.refuse("videos", "invalid", "From 1 to \(ChangeVideos.most) videos.")
        }
        for item in videos.prefix(ChangeVideos.most) {
            if case .set(let name) = item.before.category { _ = check.word(name, "category") }
            if let tags = item.before.tags { _ = check.words(tags, "tags") }
        }
        try check.finish()
        var seen: Set<String> = []
        return videos.filter { seen.insert($0.id).inserted }
    }
}

/// What a batch can change of a video. What is absent is not changed; `null` is no category.
struct BatchValues: Sendable, Equatable {
    var isHidden: Bool?
    var isPremium: Bool?
    var category: VideoChange.Field<String> = .unchanged
    var tags: [String]?
    var isTrashed: Bool?

    init() {}

    /// Whether the video has all of these values.
    func describe(_ video: Video) -> Bool {
        let isOfCategory =
            switch category {
            case .unchanged: true
            case .cleared: video.category == nil
            case .set(let name): video.category == name
            }
        return isOfCategory && (isHidden ?? video.isHidden) == video.isHidden
            && (isPremium ?? video.isPremium) == video.isPremium && (tags ?? video.tags) == video.tags
            && isTrashed.map { $0 == (video.trashedAt != nil) } ?? true
    }

    /// What of these values the video has not, and what it has instead.
    func difference(from video: Video) -> (before: BatchValues, after: BatchValues) {
        var (before, after) = (BatchValues(), BatchValues())
        if let isHidden, isHidden != video.isHidden { (before.isHidden, after.isHidden) = (video.isHidden, isHidden) }
        if let isPremium, isPremium != video.isPremium {
            (before.isPremium, after.isPremium) = (video.isPremium, isPremium)
        }
        if category != .unchanged {
            let present: VideoChange.Field<String> = video.category.map { .set($0) } ?? .cleared
            if present != category { (before.category, after.category) = (present, category) }
        }
        if let tags, tags != video.tags { (before.tags, after.tags) = (video.tags, tags) }
        return (before, after)
    }

    /// All but the trash.
    func apply(to video: inout Video) {
        if let isHidden { video.isHidden = isHidden }
        if let isPremium { video.isPremium = isPremium }
        if let tags { video.tags = tags }
        switch category {
        case .unchanged: break
        case .cleared: video.category = nil
        case .set(let name): video.category = name
        }
    }
}

extension BatchValues: Decodable {
    private enum Key: String, CodingKey {
        case isHidden, isPremium, category, tags, isTrashed
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        isHidden = try fields.decodeIfPresent(Bool.self, forKey: .isHidden)
        isPremium = try fields.decodeIfPresent(Bool.self, forKey: .isPremium)
        tags = try fields.decodeIfPresent([String].self, forKey: .tags)
        isTrashed = try fields.decodeIfPresent(Bool.self, forKey: .isTrashed)
        guard fields.contains(.category) else { return }
        let name = try fields.decode(String?.self, forKey: .category)
        category = name.flatMap { $0.isEmpty ? nil : .set($0) } ?? .cleared
    }
}

extension BatchValues: Encodable {
    private enum Name: String, CodingKey {
        case category, tags
        case isHidden = "is_hidden"
        case isPremium = "is_premium"
        case isTrashed = "is_trashed"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: Name.self)
        try body.encodeIfPresent(isHidden, forKey: .isHidden)
        try body.encodeIfPresent(isPremium, forKey: .isPremium)
        try body.encodeIfPresent(tags, forKey: .tags)
        try body.encodeIfPresent(isTrashed, forKey: .isTrashed)
        switch category {
        case .unchanged: break
        case .cleared: try body.encodeNil(forKey: .category)
        case .set(let name): try body.encode(name, forKey: .category)
        }
    }
}
