import HTTP
import Web

/// The pages of `web/`, the files that they use, and what a browser sees when something goes wrong.
struct PageRoutes: Sendable {
    let files: StaticFiles
    private let docs: AccessRule?

    /// Reads the folder; blocks.
    ///
    /// - Parameter docs: who sees the page on which requests are tried; nil for nobody.
    init(_ folder: String, docs: AccessRule?) throws {
        files = try StaticFiles(root: folder)
        self.docs = docs
    }

    private static let pages: [(path: String, file: String)] = [
        ("/", "index.html"), ("/upload", "upload.html"), ("/watch/{id}", "watch.html"), ("/profile", "index.html"),
        ("/search", "index.html"), ("/favorites", "index.html"), ("/history", "index.html"),
        ("/lists", "index.html"), ("/lists/{id}", "index.html"),
        ("/category", "index.html"), ("/person", "index.html"), ("/tag", "index.html"), ("/tags", "index.html"),
        ("/videos/mine", "index.html"), ("/trash", "index.html"), ("/offline", "offline.html"),
        ("/videos/{id}/captions", "index.html"),
        ("/sign-in", "entrance.html"), ("/register", "entrance.html"), ("/verify", "entrance.html"),
        ("/forgot", "entrance.html"), ("/reset", "entrance.html"),
        ("/administration", "index.html"), ("/administration/people", "index.html"),
        ("/administration/people/{id}", "index.html"), ("/administration/groups", "index.html"),
        ("/administration/groups/{id}", "index.html"), ("/administration/audit", "index.html"),
        ("/administration/settings", "index.html"), ("/administration/system", "index.html"),
        ("/administration/vocabulary", "index.html"),
    ]

    func add(to router: RouterBuilder) {
        let files = files
        files.register(on: router)
        for (path, file) in Self.pages {
            // What the pages show comes from the API, which asks who is there.
            router.get(path, access: .public) { request, _ in try files.page(file, for: request) }
        }
        if let docs {
            router.get("/docs", access: docs) { request, _ in try files.page("docs.html", for: request) }
        }
        router.get("/favicon.ico", access: .public, logged: false) { request, _ in
            try files.file("favicon.svg", for: request)
        }
        // It is in charge of the addresses beside and below its own, so it stands at the root.
        router.get("/service-worker.js", access: .public, logged: false) { request, _ in
            var response = try files.file("service-worker.js", for: request)
            guard response.status != .notModified else { return response }
            // What a worker may ask for stands at the worker, not at the pages.
            response.headers[.contentSecurityPolicy] = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
            return response
        }
    }

    /// A page instead of JSON for people who typed an address that is none.
    func errorPage(_ problem: Problem, _ request: Request) -> Response? {
        guard request.method.isSafe, !request.path.hasPrefix("/api/"), !request.path.hasPrefix("/assets/"),
            request.headers[.accept]?.contains("text/html") == true
        else { return nil }
        switch problem.status {
        case .notFound: return try? files.page("404.html", for: request, status: .notFound)
        // The page holds nothing itself. To whom the contract is refused it says so, and leads to the sign-in.
        case .unauthorized where request.path == "/docs", .forbidden where request.path == "/docs":
            var response = try? files.page("docs.html", for: request, status: problem.status)
            response?.headers.append(contentsOf: problem.headers)
            return response
        default: return nil
        }
    }
}
