import BaseEncoding
import Glibc

/// One line while it is written.
public struct LogLine {
    private let form: LogForm
    private var bytes: [UInt8] = []

    private init(_ form: LogForm) { self.form = form }

    init(_ form: LogForm, at time: Timestamp, level: LogLevel, message: String, context: [UInt8]) {
        self.form = form
        bytes.reserveCapacity(512 + context.count)
        let most = Timestamp.mostBytes + 64
        switch form {
        case .json:
            bytes.append(upTo: most) { line in
                line.write(#"{"time":""#)
                time.write(to: &line)
                line.write(#"","level":""#)
                line.write(text: level.name)
                line.write(#"","message":"#)
            }
            JSONText.append(message, to: &bytes)
        case .readable(let colored):
            bytes.append(upTo: most) { line in
                time.writeTimeOfDay(to: &line)
                line.write(UInt8(ascii: " "))
                if colored { line.write(text: level.color) }
                line.write(text: level.label)
                if colored { line.write("\u{1B}[0m") }
                line.write(UInt8(ascii: " "))
            }
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
        bytes.append(upTo: text.utf8CodeUnitCount) { $0.write(text) }
    }

    // MARK: Without a list

    /// - Parameter name: a plain word that speaks of no secret: it is taken as it is.
    public mutating func add(_ name: StaticString, _ text: String) {
        add(name)
        append(text: text)
    }

    /// What stands before the first `mark`.
    public mutating func add(_ name: StaticString, _ text: String, upTo mark: UInt8) {
        add(name)
        var text = text
        text.withUTF8 { bytes in
            let end = bytes.baseAddress.flatMap { memchr($0, Int32(mark), bytes.count) }
            let count = end.map { UnsafeRawPointer($0) - UnsafeRawPointer(bytes.baseAddress!) } ?? bytes.count
            append(UnsafeBufferPointer(rebasing: bytes[..<count]))
        }
    }

    public mutating func add(_ name: StaticString, _ flag: Bool) {
        add(name, upTo: 5) { $0.write(flag ? "true" : "false") }
    }

    public mutating func add(_ name: StaticString, _ number: Int) {
        add(name, upTo: 20) { line in
            if number < 0 { line.write(UInt8(ascii: "-")) }
            line.write(decimal: Int(clamping: number.magnitude))
        }
    }

    /// An identifier: letters and digits, written by `write`, and no secret.
    public mutating func add(
        _ name: StaticString, characters count: Int, _ write: (UnsafeMutableBufferPointer<UInt8>) -> Void
    ) {
        let form = form
        add(name, upTo: count + 2) { line in
            if case .json = form { line.write(UInt8(ascii: "\"")) }
            line.write(count: count, write)
            if case .json = form { line.write(UInt8(ascii: "\"")) }
        }
    }

    /// The name, and a value of at most so many bytes.
    @inline(__always)
    private mutating func add(
        _ name: StaticString, upTo most: Int = 0, _ write: (inout ByteWriter) -> Void = { _ in }
    ) {
        let form = form
        bytes.append(upTo: name.utf8CodeUnitCount + 4 + most) { line in
            switch form {
            case .json:
                line.write(",\"")
                line.write(name)
                line.write("\":")
            case .readable:
                line.write(UInt8(ascii: " "))
                line.write(name)
                line.write(UInt8(ascii: "="))
            }
            write(&line)
        }
    }
}
