import CSQLite

extension SQLError {
    /// The last error of a connection, in our words.
    init(_ database: OpaquePointer, statement: String?) {
        let extended = sqlite3_extended_errcode(database)
        self.init(Self.code(extended), String(cString: sqlite3_errmsg(database)), statement: statement)
    }

    private static func code(_ extended: Int32) -> Code {
        // Extended codes that Swift does not import: the number is in the second byte (sqlite.org/rescode.html).
        let uniqueConstraints = [SQLITE_CONSTRAINT | 6 << 8, SQLITE_CONSTRAINT | 8 << 8, SQLITE_CONSTRAINT | 10 << 8]
        let foreignKeyConstraint = SQLITE_CONSTRAINT | 3 << 8
        if uniqueConstraints.contains(extended) { return .uniqueViolation }
        if extended == foreignKeyConstraint { return .foreignKeyViolation }
        return switch extended & 0xFF {
        case SQLITE_CONSTRAINT: .otherViolation
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_FULL: .diskFull
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
        case SQLITE_CANTOPEN: .cannotOpen
        case SQLITE_ERROR, SQLITE_MISUSE, SQLITE_RANGE, SQLITE_MISMATCH: .misuse
        default: .other
        }
    }
}
