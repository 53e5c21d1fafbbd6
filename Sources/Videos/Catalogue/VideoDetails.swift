import Accounts
import Media

/// What an uploader says about a video: from a form, from tus metadata or from a JSON body, checked in one place.
public struct VideoDetails: Sendable, Equatable {
    public var title: String = ""
    public var description: String = ""
    public var category: String?
    public var tags: [String] = []
    public var people: [String] = []
    public var language: LanguageTag?
    public var recordedOn: CalendarDay?
    public var isPremium = false
    public var isHidden = false
    /// The groups that it is for; empty for everybody.
    public var groups: [GroupID] = []
    /// In the clear, only until it was hashed; never stored.
    public var password: String?
    public var passwordHash: String?

    public init() {}

    /// One field that was refused.
    public struct Refusal: Sendable, Equatable {
        public var field: String
        public var code: String
        public var detail: String
    }

    /// Why details were refused: every field that is wrong, not only the first.
    public struct Invalid: Error, Sendable, Equatable {
        public var refusals: [Refusal]
    }

    enum Limit {
        static let title = 200
        static let description = 10_000
        static let word = 100
        static let words = 50
        static let password = 200
        static let chapters = 200
        /// In seconds: longer than any film.
        static let latestChapter = 1_000_000.0
        /// Refused fields that are named in one answer.
        static let refusals = 32
    }

    /// The most bytes that a field may have as text, whatever it holds; nil for fields that do not exist.
    static func byteLimit(ofField name: String) -> Int? {
        switch name {
        case "title", "category", "password", "groups": 4 << 10
        case "description": 64 << 10
        case "tags", "people": 32 << 10
        case "is_premium", "is_hidden", "language", "recorded_on", "replaces": 64
        default: nil
        }
    }

    /// Reads fields that arrive as text. Lists are separated by commas; unknown fields are left alone.
    public init(fields: [String: String], fileName: String) throws {
        var check = FieldCheck()
        title = check.text(fields["title"] ?? "", "title", limit: Limit.title)
        if title.isEmpty { title = Self.title(fromFileName: fileName) }
        description = check.text(fields["description"] ?? "", "description", limit: Limit.description, lines: true)
        category = check.word(fields["category"], "category")
        tags = check.words(Self.list(fields["tags"]), "tags")
        people = check.words(Self.list(fields["people"]), "people")
        language = check.language(fields["language"])
        recordedOn = check.day(fields["recorded_on"], "recorded_on")
        isPremium = check.flag(fields["is_premium"], "is_premium")
        isHidden = check.flag(fields["is_hidden"], "is_hidden")
        groups = check.groups(Self.list(fields["groups"]))
        password = check.password(fields["password"])
        try check.finish()
    }

    private static func list(_ text: String?) -> [Substring] {
        (text ?? "").split(separator: ",", maxSplits: FieldCheck.mostWordsRead)
    }

    /// A readable title out of a file's name: the last path component without its ending.
    public static func title(fromFileName name: String) -> String {
        let base = name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
        var stem = Substring(base)
        if let dot = base.lastIndex(of: "."), dot != base.startIndex { stem = base[..<dot] }
        let clean = String(String.UnicodeScalarView(stem.unicodeScalars.filter { !$0.isControl })).trimmingSpaces()
        let title = String(clean.prefix(Limit.title))
        return title.isEmpty ? "Untitled" : title
    }
}

/// Checks fields one by one and remembers what was wrong.
struct FieldCheck {
    private(set) var refusals: [VideoDetails.Refusal] = []

    /// Each reason once for each field, and not endlessly many: a few kilobytes of input must not become megabytes of
    /// answer.
    mutating func refuse(_ field: String, _ code: String, _ detail: String) {
        guard refusals.count < VideoDetails.Limit.refusals,
            !refusals.contains(where: { $0.field == field && $0.code == code })
        else { return }
        refusals.append(VideoDetails.Refusal(field: field, code: code, detail: detail))
    }

    func finish() throws {
        if !refusals.isEmpty { throw VideoDetails.Invalid(refusals: refusals) }
    }

    mutating func text(_ value: String, _ field: String, limit: Int, lines: Bool = false) -> String {
        let trimmed = value.trimmingSpaces()
        if trimmed.unicodeScalars.count > limit {
            refuse(field, "too_long", "At most \(limit) characters.")
        }
        let allowed: (Unicode.Scalar) -> Bool = { !$0.isControl || (lines && ($0 == "\n" || $0 == "\r" || $0 == "\t")) }
        if !trimmed.unicodeScalars.allSatisfy(allowed) {
            refuse(field, "invalid_characters", "Control characters are not allowed.")
        }
        return trimmed
    }

    /// One name, or nothing where it is empty.
    mutating func word(_ value: String?, _ field: String) -> String? {
        let word = text(value ?? "", field, limit: VideoDetails.Limit.word)
        return word.isEmpty ? nil : word
    }

    /// Of a list so many are looked at, empty and doubled ones included.
    static let mostWordsRead = 4 * VideoDetails.Limit.words

    /// Several names, without empty and doubled ones, in the order given.
    mutating func words(_ values: some Collection<some StringProtocol>, _ field: String) -> [String] {
        var seen: Set<String> = []
        var words: [String] = []
        for value in values.prefix(Self.mostWordsRead) {
            guard let word = word(String(value), field), seen.insert(word).inserted else { continue }
            words.append(word)
        }
        if words.count > VideoDetails.Limit.words || values.count > Self.mostWordsRead {
            refuse(field, "too_many", "At most \(VideoDetails.Limit.words).")
        }
        return words
    }

    mutating func language(_ value: String?) -> LanguageTag? {
        guard let text = value?.trimmingSpaces(), !text.isEmpty else { return nil }
        let tag = LanguageTag(text)
        if tag == nil { refuse("language", "invalid_language", "A language tag such as en, es or ru.") }
        return tag
    }

    mutating func day(_ value: String?, _ field: String) -> CalendarDay? {
        guard let text = value?.trimmingSpaces(), !text.isEmpty else { return nil }
        let day = CalendarDay(text)
        if day == nil { refuse(field, "invalid_date", "A date such as 2026-01-31.") }
        return day
    }

    mutating func flag(_ value: String?, _ field: String) -> Bool {
        switch value?.trimmingSpaces().lowercased() {
        case nil, "", "false", "0", "off", "no": return false
        case "true", "1", "on", "yes": return true
        default:
            refuse(field, "not_a_boolean", "Use true or false.")
            return false
        }
    }

    mutating func password(_ value: String?) -> String? {
        guard let value, !value.isEmpty else { return nil }
        if value.utf8.count > VideoDetails.Limit.password {
            refuse("password", "too_long", "At most \(VideoDetails.Limit.password) bytes.")
        }
        return value
    }
}

extension Unicode.Scalar {
    /// C0 and C1 controls, and the marks that turn the direction of writing around.
    var isControl: Bool {
        value < 0x20 || (0x7F...0x9F).contains(value) || (0x202A...0x202E).contains(value)
            || (0x2066...0x2069).contains(value)
    }
}
