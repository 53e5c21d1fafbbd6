import BaseEncoding
import CPostgreSQL

/// What the server answered, freed with the last who holds it.
final class PostgreSQLResult {
    let pointer: OpaquePointer?
    init(_ pointer: OpaquePointer?) { self.pointer = pointer }
    deinit { PQclear(pointer) }
}

/// A statement that a connection has prepared.
final class PostgreSQLStatement {
    /// Types by their numbers in `pg_type`.
    private enum Types {
        static let bool: Oid = 16
        static let bytes: Oid = 17
        static let int8: Oid = 20
        static let int2: Oid = 21
        static let int4: Oid = 23
        static let text: Oid = 25
        static let float4: Oid = 700
        static let float8: Oid = 701
        static let numeric: Oid = 1700
    }

    let name: String
    private var columns: Row.Columns?

    init(name: String) { self.name = name }

    /// What a parameter is told to be; 0 where the statement itself must say.
    static func type(of value: SQLValue) -> Oid {
        switch value {
        case .null: 0
        case .integer: Types.int8
        case .real: Types.float8
        case .text: Types.text
        case .blob: Types.bytes
        }
    }

    /// The highest `$n` of a text.
    static func parameterCount(_ sql: String) -> Int {
        var (count, number) = (0, -1)
        for character in sql.utf8 {
            if character == UInt8(ascii: "$") {
                number = 0
            } else if number >= 0, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character), number < 100_000 {
                number = number * 10 + Int(character - UInt8(ascii: "0"))  // bound: below 1,000,000
                count = max(count, number)
            } else {
                number = -1
            }
        }
        return count
    }

    /// - Returns: whether it is on its way.
    func send(_ arguments: [SQLValue], on connection: OpaquePointer) -> Bool {
        // Texts end with a zero, bytes are told with their length; all lie in one buffer.
        var (buffer, starts): ([UInt8], [Int?]) = ([], [])
        var (lengths, formats): ([Int32], [Int32]) = ([], [])
        for argument in arguments {
            starts.append(buffer.count)
            formats.append(0)
            lengths.append(0)
            switch argument {
            case .null: starts[starts.count - 1] = nil
            case .integer(let value): buffer += "\(value)".utf8
            case .real(let value): buffer += "\(value)".utf8
            case .text(let value): buffer += value.utf8
            case .blob(let value):
                formats[formats.count - 1] = 1
                lengths[lengths.count - 1] = Int32(clamping: value.count)
                buffer += value
            }
            buffer.append(0)
        }
        return buffer.withUnsafeBytes { bytes in
            let values = starts.map { start in
                start.map { bytes.baseAddress!.advanced(by: $0).assumingMemoryBound(to: CChar.self) }
            }
            return PQsendQueryPrepared(connection, name, Int32(arguments.count), values, lengths, formats, 0) == 1
        }
    }

    func rows(of result: PostgreSQLResult) -> [Row] {
        let width = PQnfields(result.pointer)
        let columns = self.columns ?? Row.Columns((0..<width).map { String(cString: PQfname(result.pointer, $0)) })
        self.columns = columns
        let types = (0..<width).map { PQftype(result.pointer, $0) }
        return (0..<PQntuples(result.pointer)).map { row in
            Row(columns: columns, values: (0..<width).map { Self.value(result.pointer, row, $0, types[Int($0)]) })
        }
    }

    private static func value(_ result: OpaquePointer?, _ row: Int32, _ column: Int32, _ type: Oid) -> SQLValue {
        guard PQgetisnull(result, row, column) == 0 else { return .null }
        let bytes = UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
        let text = String(decoding: bytes, as: UTF8.self)
        switch type {
        case Types.bool: return .integer(text == "t" ? 1 : 0)
        case Types.int2, Types.int4, Types.int8: return Int64(text).map { .integer($0) } ?? .text(text)
        case Types.float4, Types.float8: return Double(text).map { .real($0) } ?? .text(text)
        // The sum of integers.
        case Types.numeric: return Int64(text).map { .integer($0) } ?? Double(text).map { .real($0) } ?? .text(text)
        // `\x` and digits (8.4.1).
        case Types.bytes: return Hex.decode(text.dropFirst(2)).map { .blob($0) } ?? .text(text)
        default: return .text(text)
        }
    }
}
