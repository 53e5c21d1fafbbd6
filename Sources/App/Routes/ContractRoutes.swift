import FoundationEssentials
import HTTP
import Web

/// The contract of the API for programs, as it lies beside the pages in `api/`.
struct ContractRoutes: Sendable {
    private let json: [UInt8]?

    /// - Parameter web: the folder of pages; the contract is in the folder `api` next to it. Blocks.
    init(web: String) {
        let text = try? String(contentsOfFile: "\(web)/../api/openapi.yaml", encoding: .utf8)
        json = text.flatMap { try? PlainYAML.json(from: $0) }
    }

    func add(to router: RouterBuilder) {
        let json = json
        router.get("/api/v1/openapi.json", access: .public) { _, _ in
            guard let json else { throw Problem.notFound() }
            var response = Response.bytes(json, type: "application/json")
            response.headers[.cacheControl] = "no-cache"
            return response
        }
    }
}
