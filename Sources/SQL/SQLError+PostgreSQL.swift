import CPostgreSQL

extension SQLError {
    /// What the server said (PostgreSQL, appendix A), without values: those stand in details, and in texts of class 22.
    init(_ result: PostgreSQLResult, statement: String?) {
        func field(_ code: Character) -> String {
            PQresultErrorField(result.pointer, Int32(code.asciiValue ?? 0)).map { String(cString: $0) } ?? ""
        }
        let state = field("C")
        let text = state.hasPrefix("22") ? "a value does not fit" : field("M")
        // Another server has changed the tables: it is prepared anew.
        let isOutdated = state == "0A000" && text.hasPrefix("cached plan")
        self.init(isOutdated ? .mustRetry : Self.code(state), "\(text) (\(state))", statement: statement)
    }

    private static func code(_ state: String) -> Code {
        switch state {
        case "23505": return .uniqueViolation
        case "23503": return .foreignKeyViolation
        // Serialization, deadlock, a statement that is not known any more.
        case "40001", "40P01", "26000": return .mustRetry
        case "25006": return .misuse
        case "53100": return .diskFull
        case "55P03", "57014", "53300": return .busy
        case "57P01", "57P02", "57P03": return .disconnected
        case "XX001", "XX002": return .corrupt
        default: break
        }
        return switch state.prefix(2) {
        case "08": .misuse
        case "23": .otherViolation
        case "42": .misuse
        default: .other
        }
    }
}
