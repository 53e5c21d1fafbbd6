/// How a line is rendered.
public enum LogForm: Sendable {
    /// One JSON object per line.
    case json
    /// For people at a terminal; the level is colored when `colored` is set.
    case readable(colored: Bool)
}

extension LogLevel {
    var label: String {
        switch self {
        case .debug: "DEBUG"
        case .info: "INFO "
        case .warning: "WARN "
        case .error: "ERROR"
        }
    }

    var color: String {
        switch self {
        case .debug: "\u{1B}[2m"
        case .info: "\u{1B}[32m"
        case .warning: "\u{1B}[33m"
        case .error: "\u{1B}[31m"
        }
    }
}
