import Accounts
import FoundationEssentials
import SQL

/// What administrators do with categories and people: the change reaches every video that has the name.
struct ChangeVocabulary: Sendable {
    let database: Database
    let index: IndexVideos
    let audit: AuditLog
    let now: @Sendable () -> Date
    private let store = TermStore()

    func add(_ kind: Term.Kind, _ change: TermChange, by viewer: Viewer) async throws -> Term {
        try check(viewer)
        let change = try change.checked(isNew: true)
        let term = Term(
            id: TermID(), kind: kind, name: change.name ?? "", role: kind == .person ? change.kind.value : nil,
            isListed: true, createdAt: now())
        return try await database.write { transaction in
            guard try store.find(named: term.name, kind, in: transaction) == nil else { throw TermError.nameTaken }
            try store.insert(term, in: transaction)
            return term
        }
    }

    func change(
        _ id: TermID, _ kind: Term.Kind, _ change: TermChange, by viewer: Viewer, from origin: AuditOrigin
    ) async throws -> Term {
        try check(viewer)
        let change = try change.checked(isNew: false)
        let changed = try await database.write { transaction in
            guard var term = try store.find(id, kind, in: transaction) else { throw TermError.notFound }
            let before = term
            if let name = change.name, name != term.name {
                let other = try store.find(named: name, kind, in: transaction)
                if other != nil, !change.joins { throw TermError.nameTaken }
                try store.rename(kind, from: before.name, to: name, in: transaction)
                if let other, let joined = try store.find(other, kind, in: transaction) {
                    try store.remove(before, in: transaction)
                    term = joined
                } else {
                    term.name = name
                }
            }
            if kind == .person, change.kind != .unchanged { term.role = change.kind.value }
            try store.update(term, in: transaction)
            try audit.record(
                AuditEvent(
                    .termChanged, of: AuditTarget(term), by: origin, before: [.name: .name(before.name)],
                    after: [.name: .name(term.name)]), in: transaction)
            term.videoCount = try store.videoCount(of: term.name, kind, in: transaction)
            return term
        }
        try await index()
        return changed
    }

    func remove(_ id: TermID, _ kind: Term.Kind, by viewer: Viewer, from origin: AuditOrigin) async throws {
        try check(viewer)
        try await database.write { transaction in
            guard let term = try store.find(id, kind, in: transaction) else { throw TermError.notFound }
            try store.remove(term, in: transaction)
            try audit.record(AuditEvent(.termRemoved, of: AuditTarget(term), by: origin), in: transaction)
        }
        try await index()
    }

    private func check(_ viewer: Viewer) throws(TermError) {
        if viewer.role != .admin { throw .forbidden }
    }
}

extension VideoChange.Field {
    /// Nil where it is not set.
    var value: Value? { if case .set(let value) = self { value } else { nil } }
}

extension AuditTarget {
    init(_ term: Term) { self.init(.term, id: "\(term.id)", name: term.name) }
}
