/// The fields of an upload's form, as their parts come.
struct FormFields: Sendable {
    private var values: [String: [String]] = [:]

    /// Lists may come as several parts of one name.
    private static let lists: Set = ["tags", "people"]

    subscript(name: String) -> String? { values[name]?.first }

    mutating func append(_ text: String, to name: String) {
        values[name, default: []].append(text)
    }

    /// Each field once, lists put together with commas.
    ///
    /// - Throws: `VideoDetails.Invalid` naming the fields that came more than once, or are too long put together.
    func checked() throws -> [String: String] {
        var check = FieldCheck()
        for (name, texts) in values.sorted(by: { $0.key < $1.key }) where texts.count > 1 {
            let byteCount = texts.reduce(0) { $0 + $1.utf8.count }
            if !Self.lists.contains(name) {
                check.refuse(name, "repeated", "Send this field once.")
            } else if let limit = VideoDetails.byteLimit(ofField: name), byteCount > limit {
                check.refuse(name, "too_long", "At most \(limit) bytes.")
            }
        }
        try check.finish()
        return values.mapValues { $0.joined(separator: ",") }
    }
}
