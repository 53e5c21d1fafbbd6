/// A route's path, piece by piece: `/videos/{id}/hls/{rendition}/{number}.m4s`, `/assets/{tree}/{path...}`.
struct PathPattern {
    enum Piece: Hashable {
        case literal(String)
        /// At most one parameter in a segment, with fixed text before and behind it.
        case parameter(prefix: String, suffix: String)
        /// The rest of the path, slashes included; at least one byte, only at the end.
        case rest
    }

    private(set) var pieces: [Piece] = []
    private(set) var names: [String] = []

    init(_ path: String) throws {
        guard path.hasPrefix("/") else { throw RouterError.malformedPath(path) }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            if segment.isEmpty, !isLast { throw RouterError.malformedPath(path) }
            guard let open = segment.firstIndex(of: "{") else {
                if segment.contains("}") { throw RouterError.malformedPath(path) }
                pieces.append(.literal(String(segment)))
                continue
            }
            guard let close = segment[open...].firstIndex(of: "}") else { throw RouterError.malformedPath(path) }
            let prefix = segment[..<open]
            let suffix = segment[segment.index(after: close)...]
            var name = segment[segment.index(after: open)..<close]
            if suffix.contains(where: { $0 == "{" || $0 == "}" }) { throw RouterError.malformedPath(path) }
            if name.hasSuffix("...") {
                name = name.dropLast(3)
                guard isLast, prefix.isEmpty, suffix.isEmpty else { throw RouterError.malformedPath(path) }
                pieces.append(.rest)
            } else {
                pieces.append(.parameter(prefix: String(prefix), suffix: String(suffix)))
            }
            if name.isEmpty || names.contains(String(name)) { throw RouterError.malformedPath(path) }
            if names.count == PathPlaces.most { throw RouterError.malformedPath(path) }
            names.append(String(name))
        }
    }
}

public enum RouterError: Error, Sendable, Equatable, CustomStringConvertible {
    case missingAccessRule(String)
    case noAccessCheck(String)
    case duplicate(String)
    case malformedPath(String)

    public var description: String {
        switch self {
        case .missingAccessRule(let route): "the route \(route) declares no access rule; say who may call it"
        case .noAccessCheck(let route):
            "the route \(route) has an access rule but nothing enforces it; give the router an access check"
        case .duplicate(let route): "the route \(route) is registered twice"
        case .malformedPath(let path): "the route path \(path) is malformed"
        }
    }
}
