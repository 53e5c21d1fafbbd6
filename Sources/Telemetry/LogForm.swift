/// How a line is rendered.
public enum LogForm: Sendable {
    /// One JSON object per line.
    case json
    /// For people at a terminal; the level is colored when `colored` is set.
    case readable(colored: Bool)
}

extension LogForm {
    func line(at time: Timestamp, level: LogLevel, message: String, context: [UInt8], fields: LogFields) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(192 + context.count + 64 * fields.pairs.count)
        switch self {
        case .json:
            line += #"{"time":""#.utf8
            time.append(to: &line)
            line += #"","level":""#.utf8
            line += level.name.utf8
            line += #"","message":"#.utf8
            JSONText.append(message, to: &line)
        case .readable(let colored):
            time.appendTimeOfDay(to: &line)
            line += colored ? " \(level.color)".utf8 : " ".utf8
            line += level.label.utf8
            line += colored ? "\u{1B}[0m ".utf8 : " ".utf8
            ReadableText.append(message, quoted: false, to: &line)
        }
        line += context
        append(fields, to: &line)
        if case .json = self { line.append(UInt8(ascii: "}")) }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// The fields as they stand in a line, each with what separates it from the one before.
    func rendered(_ fields: LogFields) -> [UInt8] {
        var bytes: [UInt8] = []
        append(fields, to: &bytes)
        return bytes
    }

    private func append(_ fields: LogFields, to bytes: inout [UInt8]) {
        for (name, value) in fields.pairs {
            let shown = Redaction.hides(name) ? LogValue.string(Redaction.mask) : value
            switch self {
            case .json:
                bytes.append(UInt8(ascii: ","))
                JSONText.append(name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
            case .readable:
                bytes.append(UInt8(ascii: " "))
                ReadableText.append(name, quoted: false, to: &bytes)
                bytes.append(UInt8(ascii: "="))
            }
            append(shown, to: &bytes)
        }
    }

    private func append(_ value: LogValue, to bytes: inout [UInt8]) {
        switch value {
        case .integer(let number): bytes += String(number).utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .real(let number): bytes += (number.isFinite ? String(number) : "null").utf8
        case .string(let text):
            let masked = Redaction.masked(text)
            switch self {
            case .json: JSONText.append(masked, to: &bytes)
            case .readable: ReadableText.append(masked, quoted: true, to: &bytes)
            }
        }
    }
}

extension LogLevel {
    fileprivate var label: String {
        switch self {
        case .debug: "DEBUG"
        case .info: "INFO "
        case .warning: "WARN "
        case .error: "ERROR"
        }
    }

    fileprivate var color: String {
        switch self {
        case .debug: "\u{1B}[2m"
        case .info: "\u{1B}[32m"
        case .warning: "\u{1B}[33m"
        case .error: "\u{1B}[31m"
        }
    }
}
