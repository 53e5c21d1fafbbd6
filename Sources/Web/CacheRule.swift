import HTTP

/// What caches may do with an answer whose route says nothing about it.
enum CacheRule {
    /// Nobody keeps it: neither a cache on the way, which would give one person's answer to another, nor the browser.
    static let standard = "private, no-store"

    /// Gives the rule to answers that have none. An error of a route that knows who asks is that person's answer, whatever
    /// the one who made it said.
    static func complete(_ response: inout Response, of route: Route) {
        // What shares all its fields has a rule among them.
        guard response.shared == nil else { return }
        let isOwnError = response.status.code >= 400 && route.access.kind != .public
        if isOwnError || !response.headers.contains(.cacheControl) { response.headers[.cacheControl] = standard }
    }
}
