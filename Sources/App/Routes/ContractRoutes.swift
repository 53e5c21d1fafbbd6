import FoundationEssentials
import Glibc
import HTTP
import Reactor
import Web

/// The contract of the API for programs, as it lies beside the pages in `api/`, and the files of Swagger UI, with which the
/// page `/docs` lets a person try its requests.
struct ContractRoutes: Sendable {
    private let access: AccessRule?
    private let json: KeptFile?
    private let yaml: KeptFile?
    /// Nil where Swagger UI is not installed.
    private let swagger: String?
    private let pool: BlockingPool

    /// Of Swagger UI's files those that the page asks for.
    private static let swaggerFiles = [
        "swagger-ui.css": "text/css; charset=utf-8", "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    ]

    /// - Parameters:
    ///   - web: the folder of pages; the contract is in the folder `api` next to it. Blocks.
    ///   - access: who sees all this; nil for nobody.
    ///   - pool: reads the files of Swagger UI. They are large and rarely asked for, so memory keeps none of them.
    init(web: String, access: AccessRule?, pool: BlockingPool) {
        self.access = access
        self.pool = pool
        let text = try? String(contentsOfFile: "\(web)/../api/openapi.yaml", encoding: .utf8)
        json = text.flatMap { try? PlainYAML.json(from: $0) }.map { KeptFile($0, type: "application/json") }
        // RFC 9512
        yaml = text.map { KeptFile(Array($0.utf8), type: "application/yaml") }
        // Beside the pages where Palco is installed; among the sources it is where `scripts/setup` puts what it fetches.
        swagger = ["\(web)/../swagger-ui", "\(web)/../.build/swagger-ui"].first { folder in
            Self.swaggerFiles.keys.allSatisfy { Glibc.access("\(folder)/\($0)", R_OK) == 0 }
        }
    }

    func add(to router: RouterBuilder) {
        guard let access else { return }
        let (swagger, pool) = (swagger, pool)
        for (name, contract) in [("json", json), ("yaml", yaml)] {
            router.get("/api/v1/openapi.\(name)", access: access) { request, _ in
                guard let contract else { throw Problem.notFound() }
                return try contract.answer(request, cache: "no-cache")
            }
        }
        router.get("/docs/swagger-ui/{file}", access: access) { _, context in
            guard let swagger, let name = context.parameters["file"], let type = Self.swaggerFiles[name] else {
                throw Problem.notFound()
            }
            let file = try await pool.run { try OpenFile(path: "\(swagger)/\(name)") }
            var response = Response.file(
                file, type: type, etag: EntityTag("\(file.byteCount)-\(file.modifiedNanoseconds)"))
            response.headers[.cacheControl] = "no-cache"
            return response
        }
    }
}

extension Settings.Docs {
    /// Nil where there is no such page.
    var access: AccessRule? {
        switch self {
        case .public: .public
        case .administrators: .role("admin")
        case .off: nil
        }
    }
}
