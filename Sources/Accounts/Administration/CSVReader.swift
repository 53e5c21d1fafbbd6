/// Reads comma-separated values (RFC 4180), as spreadsheets write them: also with semicolons, with a byte order mark, and with
/// lines that end in LF alone.
struct CSVReader {
    enum Failure: Error, Equatable {
        case notUTF8
        /// A quotation mark that is not closed, or stands in the middle of a field; from which line on.
        case quotation(line: Int)
        case tooManyLines
    }

    struct Record: Equatable {
        /// Where it begins, from 1.
        let line: Int
        let fields: [String]
    }

    /// - Throws: `Failure`.
    static func read(_ bytes: [UInt8], mostRecords: Int) throws(Failure) -> [Record] {
        guard let whole = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        let text = whole.unicodeScalars.drop { $0 == "\u{FEFF}" }
        var reader = CSVReader(Array(text))
        var records: [Record] = []
        while let record = try reader.next() {
            // An empty line, such as the last one.
            if record.fields == [""] { continue }
            guard records.count < mostRecords else { throw .tooManyLines }
            // bound: mostRecords
            records.append(record)
        }
        return records
    }

    private let text: [Unicode.Scalar]
    private let separator: Unicode.Scalar
    private var position = 0
    private var line = 1

    private init(_ text: [Unicode.Scalar]) {
        self.text = text
        let head = text.prefix { $0 != "\n" }
        separator = head.contains(";") && !head.contains(",") ? ";" : ","
    }

    private mutating func next() throws(Failure) -> Record? {
        guard position < text.count else { return nil }
        let start = line
        var fields: [String] = []
        while true {
            // bound: the text
            fields.append(try field())
            guard position < text.count else { break }
            let ending = text[position]
            position += 1
            if ending == separator { continue }
            line += 1
            break
        }
        return Record(line: start, fields: fields)
    }

    /// Stops before the separator or the end of the line.
    private mutating func field() throws(Failure) -> String {
        var value = String.UnicodeScalarView()
        if position < text.count, text[position] == "\"" { return try quoted() }
        while position < text.count, text[position] != separator, text[position] != "\n" {
            guard text[position] != "\"" else { throw .quotation(line: line) }
            value.append(text[position])
            position += 1
        }
        if value.last == "\r" { value.removeLast() }
        return String(value)
    }

    private mutating func quoted() throws(Failure) -> String {
        let start = line
        var value = String.UnicodeScalarView()
        position += 1
        while position < text.count {
            let scalar = text[position]
            position += 1
            if scalar == "\n" { line += 1 }
            guard scalar == "\"" else {
                value.append(scalar)
                continue
            }
            if position < text.count, text[position] == "\"" {
                value.append("\"")
                position += 1
                continue
            }
            if position < text.count, text[position] == "\r" { position += 1 }
            guard position == text.count || text[position] == separator || text[position] == "\n" else {
                throw .quotation(line: line)
            }
            return String(value)
        }
        throw .quotation(line: start)
    }
}
