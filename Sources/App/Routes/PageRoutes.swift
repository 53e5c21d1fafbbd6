import FoundationEssentials
import HTTP
import Web

/// The pages of `web/` and the files that they use.
struct PageRoutes: Sendable {
    let folder: String

    init(_ folder: String) {
        self.folder = folder
    }

    func add(to router: RouterBuilder) throws {
    }
}
