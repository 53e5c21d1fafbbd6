import HTTP
import Web

/// The pages of `web/`, the files that they use, and what a browser sees when something goes wrong.
struct PageRoutes: Sendable {
    private let files: StaticFiles

    /// Reads the folder; blocks.
    init(_ folder: String) throws {
        files = try StaticFiles(root: folder)
    }

    private static let pages: [(path: String, file: String)] = [
        ("/", "index.html"), ("/sign-in", "sign-in.html"), ("/upload", "upload.html"), ("/watch/{id}", "watch.html"),
    ]

    func add(to router: RouterBuilder) {
        let files = files
        files.register(on: router)
        for (path, file) in Self.pages {
            // What the pages show comes from the API, which asks who is there.
            router.get(path, access: .public) { request, _ in try files.page(file, for: request) }
        }
        router.get("/favicon.ico", access: .public, logged: false) { request, _ in
            try files.file("favicon.svg", for: request)
        }
    }

    /// A page instead of JSON for people who typed an address that is none.
    func errorPage(_ problem: Problem, _ request: Request) -> Response? {
        guard problem.status == .notFound, request.method.isSafe, !request.path.hasPrefix("/api/"),
            !request.path.hasPrefix("/assets/"), request.headers[.accept]?.contains("text/html") == true
        else { return nil }
        return try? files.page("404.html", for: request, status: .notFound)
    }
}
