/// One line while it is written.
public struct LogLine {
    private let form: LogForm
    private var bytes: [UInt8] = []

    private init(_ form: LogForm) { self.form = form }

    init(_ form: LogForm, at time: Timestamp, level: LogLevel, message: String, context: [UInt8]) {
        self.form = form
        bytes.reserveCapacity(512 + context.count)
        switch form {
        case .json:
            append(plain: #"{"time":""#)
            time.append(to: &bytes)
            append(plain: #"","level":""#)
            bytes += level.name.utf8
            append(plain: #"","message":"#)
            JSONText.append(message, to: &bytes)
        case .readable(let colored):
            time.appendTimeOfDay(to: &bytes)
            bytes += colored ? " \(level.color)".utf8 : " ".utf8
            bytes += level.label.utf8
            bytes += colored ? "\u{1B}[0m ".utf8 : " ".utf8
            ReadableText.append(message, quoted: false, to: &bytes)
        }
        bytes += context
    }

    /// The fields as they stand in a line, each with what separates it from the one before.
    static func rendered(_ fields: LogFields, _ form: LogForm) -> [UInt8] {
        var line = LogLine(form)
        line.add(fields)
        return line.bytes
    }

    consuming func finished() -> [UInt8] {
        if case .json = form { bytes.append(UInt8(ascii: "}")) }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    mutating func add(_ fields: LogFields) {
        for (name, value) in fields.pairs {
            switch form {
            case .json:
                bytes.append(UInt8(ascii: ","))
                JSONText.append(name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
            case .readable:
                bytes.append(UInt8(ascii: " "))
                ReadableText.append(name, quoted: false, to: &bytes)
                bytes.append(UInt8(ascii: "="))
            }
            append(Redaction.hides(name) ? LogValue.string(Redaction.mask) : value)
        }
    }

    private mutating func append(_ value: LogValue) {
        switch value {
        case .integer(let number): bytes += String(number).utf8
        case .bool(let flag): append(plain: flag ? "true" : "false")
        case .real(let number): bytes += (number.isFinite ? String(number) : "null").utf8
        case .string(let text): append(text: text)
        }
    }

    private mutating func append(text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    private mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
        if let masked = Redaction.masked(text) { return masked.withUnsafeBufferPointer { show($0) } }
        show(text)
    }

    private mutating func show(_ text: UnsafeBufferPointer<UInt8>) {
        switch form {
        case .json: JSONText.append(text, to: &bytes)
        case .readable: ReadableText.append(String(decoding: text, as: UTF8.self), quoted: true, to: &bytes)
        }
    }

    private mutating func append(plain text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    // MARK: Without a list

    /// - Parameter name: a plain word that speaks of no secret: it is taken as it is.
    public mutating func add(_ name: StaticString, _ text: String) {
        begin(name)
        append(text: text)
    }

    /// What stands before the first `mark`.
    public mutating func add(_ name: StaticString, _ text: String, upTo mark: UInt8) {
        begin(name)
        var text = text
        text.withUTF8 { bytes in
            append(UnsafeBufferPointer(rebasing: bytes[..<(bytes.firstIndex(of: mark) ?? bytes.count)]))
        }
    }

    public mutating func add(_ name: StaticString, _ flag: Bool) {
        begin(name)
        append(plain: flag ? "true" : "false")
    }

    public mutating func add(_ name: StaticString, _ number: Int) {
        begin(name)
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        var power: UInt = 1
        while number.magnitude / power >= 10 { power *= 10 }
        while power > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number.magnitude / power % 10))
            power /= 10
        }
    }

    /// An identifier: letters and digits, written by `write`, and no secret.
    public mutating func add(
        _ name: StaticString, characters count: Int, _ write: (UnsafeMutableBufferPointer<UInt8>) -> Void
    ) {
        begin(name)
        if case .json = form { bytes.append(UInt8(ascii: "\"")) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { buffer in
            buffer.initialize(repeating: 0)
            write(buffer)
            bytes.append(contentsOf: buffer)
        }
        if case .json = form { bytes.append(UInt8(ascii: "\"")) }
    }

    private mutating func begin(_ name: StaticString) {
        switch form {
        case .json:
            append(plain: ",\"")
            append(plain: name)
            append(plain: "\":")
        case .readable:
            append(plain: " ")
            append(plain: name)
            append(plain: "=")
        }
    }
}
