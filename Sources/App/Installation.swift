import BaseEncoding
import Cryptography
import SQL
import Security
import Storage

/// What the servers and workers of one installation have in common: one key for signatures, and one storage.
struct Installation: Sendable {
    static let migrations: MigrationSet = [
        Migration(
            "installation-0001",
            [
                """
                CREATE TABLE installation (
                    name TEXT PRIMARY KEY,
                    value TEXT NOT NULL,
                    is_settled BIGINT NOT NULL
                )
                """
            ])
    ]

    /// The blob that names the installation which a storage belongs to.
    static let mark: BlobKey = "installation"

    let database: Database

    /// The key in a file of this server; where several may have the database it is the database's, so that all have the same. The
    /// first to come gives its own.
    func secret(at path: String) async throws -> SigningSecret {
        guard database.isShared else { return try SigningSecret.load(orCreateAt: path) }
        if let known = try await value("signing key") { return try Self.secret(known.text) }
        let own = Hex.encode(try SigningSecret.load(orCreateAt: path).bytes)
        return try Self.secret(try await propose(own, as: "signing key").text)
    }

    /// The key where the database has it.
    func storedSecret() async throws -> [UInt8]? {
        try await value("signing key").map { try Self.secret($0.text).bytes }
    }

    /// What the storage is called; nil where several cannot have it.
    func storageName() async throws -> String? { try await value("storage")?.text }

    private static func secret(_ text: String) throws -> SigningSecret {
        guard let secret = Hex.decode(text).flatMap(SigningSecret.init(bytes:)) else {
            throw SecurityError(.secretUnavailable, "the signing key in the table installation is damaged")
        }
        return secret
    }

    /// Makes sure that the storage is this database's where others may use either: what has no row is removed in a storage, and a server
    /// with a folder of its own would take work on films that lie at another one.
    ///
    /// - Parameter places: of the storage; what is new goes to the first.
    /// - Throws: `ServerError.otherStorage`, `.strangeStorage`, `.otherFolder`.
    func claim(_ places: [any BlobStore]) async throws {
        let isCommon = places.contains(where: \.isShared)
        guard let first = places.first, isCommon || database.isShared else { return }
        let own = try await propose(Hex.encode(Random.bytes(16)), as: "storage")
        let (other, strange): (ServerError, ServerError) =
            isCommon
            ? (.otherStorage, .strangeStorage(own.text)) : (.otherFolder(own.text), .otherFolder(own.text))
        var isKnown = false
        for place in places where try await place.exists(Self.mark) {
            let found = String(decoding: try await place.read(Self.mark), as: UTF8.self)
            guard found.filter({ !$0.isWhitespace }) == own.text else { throw other }
            isKnown = true
        }
        // All who begin at once write the same.
        guard isKnown || !own.isSettled else { throw strange }
        if try await !first.exists(Self.mark) { try await first.write(Self.mark, Array("\(own.text)\n".utf8)) }
        _ = try await database.write { try $0.execute("UPDATE installation SET is_settled = 1 WHERE name = 'storage'") }
    }

    /// Whether a data folder with media in it is that of a database which others may use; true where neither knows the other yet. It
    /// changes nothing.
    ///
    /// - Returns: the text that the mark would have where it is not.
    static func strangeness(of folder: String, to location: DatabaseLocation) async throws -> String? {
        let own = try await Database.look(at: location) { access in
            try access.first("SELECT value, is_settled FROM installation WHERE name = 'storage'").map {
                Value(text: try $0.value("value"), isSettled: try $0.value("is_settled"))
            }
        }
        guard let own else { return nil }
        let path = "\(folder)/\(mark)"
        let found = (try? PrivateFile.contents(of: path)).map { String(decoding: $0, as: UTF8.self) }
        guard let found else { return own.isSettled ? own.text : nil }
        return found.filter { !$0.isWhitespace } == own.text ? nil : own.text
    }

    private struct Value: Sendable {
        var text: String
        var isSettled: Bool
    }

    private func value(_ name: String) async throws -> Value? {
        try await database.read { try Self.value(name, in: $0) }
    }

    /// What is known by this name, which is `text` where nothing was.
    private func propose(_ text: String, as name: String) async throws -> Value {
        try await database.write { transaction in
            try transaction.execute(
                "INSERT INTO installation (name, value, is_settled) VALUES ($1, $2, 0) ON CONFLICT (name) DO NOTHING",
                name, text)
            return try Self.value(name, in: transaction) ?? Value(text: text, isSettled: false)
        }
    }

    private static func value(_ name: String, in access: ReadAccess) throws -> Value? {
        try access.first("SELECT value, is_settled FROM installation WHERE name = $1", name).map {
            Value(text: try $0.value("value"), isSettled: try $0.value("is_settled"))
        }
    }
}
