extension Finding {
    /// For a terminal: a mark, the name in a column, what was found, and below it what to do.
    public var text: String {
        let mark =
            switch state {
            case .good: "ok  "
            case .weak: "weak"
            case .bad: "BAD "
            }
        let width = 28
        let column = name + String(repeating: " ", count: max(1, width - name.count))
        let line = "\(mark)  \(column)\(detail)"
        return mend.map { line + "\n" + String(repeating: " ", count: width + 6) + "-> " + $0 } ?? line
    }
}
