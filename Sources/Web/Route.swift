import HTTP

/// What is known of a route before any request: for the log, for the documentation and for tests that walk all routes.
public final class Route: Sendable, CustomStringConvertible {
    public let method: Request.Method
    /// As registered: `/api/v1/videos/{id}`.
    public let path: String
    public let access: AccessRule
    /// How often it may be called; nil where nothing is counted.
    public let limit: RateLimit?
    /// The most bytes of body it takes.
    public let bodyLimit: Int
    /// Whether the access log has a line for it.
    public let isLogged: Bool
    /// Its path holds what opens something by itself, and which no log may hold.
    let hidesPath: Bool
    /// Its place among all routes; 0 stands for what matches none.
    let number: Int

    public init(
        method: Request.Method, path: String, access: AccessRule, limit: RateLimit? = nil, bodyLimit: Int = 0,
        isLogged: Bool = true,
        number: Int = 0
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.limit = limit
        self.bodyLimit = bodyLimit
        self.isLogged = isLogged
        hidesPath = path.contains("{token}")
        self.number = number
    }

    public var description: String { "\(method) \(path)" }

    /// Stands for requests that match no route.
    static let none = Route(method: .get, path: "-", access: .public)
}
