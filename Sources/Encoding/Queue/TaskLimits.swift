/// What a process takes from the queue; without any, everything.
public struct TaskLimits: Sendable, Hashable {
    /// Those that it may take; nil for all.
    var kinds: Set<EncodingTask.Kind>?
    /// Of the shorter side of the source's picture; nil for any.
    public var maxLines: Int?

    public init() {}

    /// - Parameter names: of kinds; nil where one is none.
    public init?(kinds names: [String]?, maxLines: Int?) {
        if let names {
            let kinds = names.compactMap(EncodingTask.Kind.init(rawValue:))
            guard kinds.count == names.count, !kinds.isEmpty else { return nil }
            self.kinds = Set(kinds)
        }
        self.maxLines = maxLines
    }

    /// Of all tasks that there are.
    public static var kindNames: [String] { EncodingTask.Kind.allCases.map(\.rawValue) }

    var kindNames: [String]? { kinds.map { $0.map(\.rawValue).sorted() } }

    func allows(_ kind: EncodingTask.Kind) -> Bool { kinds?.contains(kind) ?? true }

    /// What the choice of a task needs to know besides its row.
    var join: String { maxLines == nil ? "" : "JOIN encodings e ON e.video_id = t.video_id" }

    /// Only words of ours and numbers: no text of anybody's is in it.
    var condition: String {
        let ofKind = kindNames.map { "AND t.kind IN (\($0.map { "'\($0)'" }.joined(separator: ", ")))" } ?? ""
        return ofKind + (maxLines.map { " AND e.lines <= \($0)" } ?? "")
    }
}
