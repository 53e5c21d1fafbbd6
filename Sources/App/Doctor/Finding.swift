/// What the doctor found about one thing.
public struct Finding: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        case good
        /// Palco runs, with less than it could.
        case weak
        /// Palco cannot do its work.
        case bad
    }

    public let name: String
    public let state: State
    public let detail: String
    /// What to do about it; nil where nothing is to be done.
    public let mend: String?

    static func good(_ name: String, _ detail: String) -> Finding {
        Finding(name: name, state: .good, detail: detail, mend: nil)
    }

    static func weak(_ name: String, _ detail: String, mend: String) -> Finding {
        Finding(name: name, state: .weak, detail: detail, mend: mend)
    }

    static func bad(_ name: String, _ detail: String, mend: String) -> Finding {
        Finding(name: name, state: .bad, detail: detail, mend: mend)
    }
}
