import FoundationEssentials
import HTTP
import Web

/// What administrators read of the audit.
struct AuditRoutes: Sendable {
    let list: ListAudit
    let export: ExportAudit
    /// Who somebody is by now.
    let current: @Sendable (Caller) async throws -> Caller?

    func add(to router: RouterBuilder) {
        let audit = router.group(
            "/api/v1/admin/audit", access: .role(Role.admin.rawValue), bodyLimit: 0, context: SignedInContext.self)
        audit.get("") { request, _ in
            let query = request.query
            return try .json(try await list(AuditQuery { query[$0] }))
        }
        audit.get("/export") { request, context in
            let query = request.query
            let wanted = try AuditQuery { query[$0] }
            guard let format = AuditFormat(rawValue: query["format"] ?? AuditFormat.csv.rawValue) else {
                throw Problem.invalid(field: "format", code: "invalid_format", "csv or jsonl.")
            }
            let caller = context.signedIn
            try await export.record(wanted, as: format, by: context.auditOrigin)
            return Response(
                headers: [
                    .contentType: format.mediaType, .cacheControl: "private, no-store",
                    "Content-Disposition": ContentDisposition.attachment(named: "audit.\(format.rawValue)"),
                ],
                body: .stream(byteCount: nil) { writer in
                    try await export(
                        wanted, as: format,
                        // It may take minutes, and whoever is no administrator any more gets no further piece.
                        mayGoOn: {
                            guard writer.keepsGoing(), try await current(caller)?.role == .admin else {
                                throw CancellationError()
                            }
                            return true
                        },
                        write: { if !$0.isEmpty { try await writer.write($0) } })
                })
        }
    }
}
