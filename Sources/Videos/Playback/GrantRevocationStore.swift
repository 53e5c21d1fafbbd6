import Accounts
import FoundationEssentials
import SQL

/// The rows behind `GrantRevocations`: they tell other processes, and this one after a restart.
struct GrantRevocationStore: Sendable {
    func insert(_ revocation: GrantRevocation, at time: Date, in transaction: Transaction) throws {
        let (kind, id) = Self.columns(of: revocation.subject)
        try transaction.execute(
            """
            INSERT INTO grant_revocations (id, kind, mark, changed_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (id) DO UPDATE SET mark = $3, changed_at = $4
            """,
            id, kind, Int64(revocation.mark), time)
    }

    func since(_ time: Date, in access: ReadAccess) throws -> [GrantRevocation] {
        try access.query(
            "SELECT id, kind, mark FROM grant_revocations WHERE changed_at >= $1 ORDER BY changed_at", time
        )
        .compactMap(GrantRevocation.init(row:))
    }

    func remove(before time: Date, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM grant_revocations WHERE changed_at < $1", time)
    }

    private static func columns(of subject: GrantRevocation.Subject) -> (kind: String, id: String) {
        switch subject {
        case .video(let id): ("video", id.description)
        case .person(let id): ("person", id.description)
        case .session(let id): ("session", id.description)
        case .share(let id): ("share", id.description)
        }
    }
}

extension GrantRevocation {
    /// Nil for a kind that a newer server wrote.
    init?(row: Row) throws {
        switch try row.value("kind", as: String.self) {
        case "video": subject = .video(try row.value("id"))
        case "person": subject = .person(try row.value("id"))
        case "session": subject = .session(try row.value("id"))
        case "share": subject = .share(try row.value("id"))
        default: return nil
        }
        mark = UInt32(truncatingIfNeeded: try row.value("mark", as: Int64.self))
    }
}
