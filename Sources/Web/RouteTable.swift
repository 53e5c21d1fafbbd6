import HTTP

/// What a path leads to: one handler for each method.
final class Endpoint: Sendable {
    let route: Route
    let parameterNames: [String]
    /// Answers without waiting; nil where that cannot be done now.
    let atOnce: AtOnce<BaseContext>?
    let handler: Next<BaseContext>

    init(
        route: Route, parameterNames: [String], atOnce: AtOnce<BaseContext>? = nil, handler: @escaping Next<BaseContext>
    ) {
        self.route = route
        self.parameterNames = parameterNames
        self.atOnce = atOnce
        self.handler = handler
    }
}

/// All routes as a tree of path segments: filled once, then only read.
struct RouteTable: Sendable {
    private struct Literal: Sendable {
        let text: [UInt8]
        /// Tells most of them apart.
        let mark: UInt64
        let node: Int

        init(_ text: [UInt8], _ node: Int) {
            self.text = text
            mark = text.withUnsafeBufferPointer(Self.mark)
            self.node = node
        }

        /// The length and the first bytes.
        static func mark(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
            var mark = UInt64(truncatingIfNeeded: text.count)
            for byte in text.prefix(7) { mark = mark << 8 | UInt64(byte) }
            return mark
        }
    }

    private struct Node: Sendable {
        var literals: [Literal] = []
        /// The more fixed text, the earlier it is tried.
        var patterns: [(prefix: [UInt8], suffix: [UInt8], node: Int)] = []
        var rest: Int?
        var endpoints: [Endpoint] = []
    }

    enum Match {
        case found(Endpoint, PathParameters)
        case methodNotAllowed([Request.Method])
        case notFound
    }

    private var nodes = [Node()]

    mutating func insert(_ pattern: PathPattern, _ endpoint: Endpoint) throws {
        var node = 0
        for piece in pattern.pieces { node = child(of: node, for: piece) }
        if nodes[node].endpoints.contains(where: { $0.route.method == endpoint.route.method }) {
            throw RouterError.duplicate(endpoint.route.description)
        }
        nodes[node].endpoints.append(endpoint)
    }

    private mutating func child(of parent: Int, for piece: PathPattern.Piece) -> Int {
        switch piece {
        case .literal(let text):
            let text = Array(text.utf8)
            if let known = nodes[parent].literals.first(where: { $0.text == text }) { return known.node }
            nodes[parent].literals.append(Literal(text, nodes.count))
        case .parameter(let prefix, let suffix):
            let (prefix, suffix) = (Array(prefix.utf8), Array(suffix.utf8))
            if let known = nodes[parent].patterns.first(where: { $0.prefix == prefix && $0.suffix == suffix }) {
                return known.node
            }
            nodes[parent].patterns.append((prefix, suffix, nodes.count))
            nodes[parent].patterns.sort { $0.prefix.count + $0.suffix.count > $1.prefix.count + $1.suffix.count }
        case .rest:
            if let known = nodes[parent].rest { return known }
            nodes[parent].rest = nodes.count
        }
        nodes.append(Node())
        return nodes.count - 1
    }

    /// - Parameter target: the request target; what stands behind `?` is not looked at.
    func match(_ method: Request.Method, _ target: String) -> Match {
        var text = target
        return text.withUTF8 { bytes in
            let end = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.count
            guard end > 0, bytes[0] == UInt8(ascii: "/") else { return .notFound }
            // No server takes so long a target.
            guard end <= UInt16.max else { return .notFound }
            let path = UnsafeBufferPointer(rebasing: bytes[..<end])
            var places = PathPlaces()
            guard let node = find(in: path, at: 1, from: 0, method: method, places: &places) else { return .notFound }
            guard let endpoint = endpoint(of: node, for: method) else {
                return .methodNotAllowed(nodes[node].endpoints.map(\.route.method))
            }
            for place in 0..<places.count where !Self.canDecode(UnsafeBufferPointer(rebasing: path[places[place]])) {
                return .notFound
            }
            return .found(endpoint, PathParameters(endpoint.parameterNames, in: target, at: places))
        }
    }

    private static func canDecode(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        // Without branches, so that the compiler can look at many bytes at once.
        var special: UInt8 = 0
        for byte in value { special |= (byte == UInt8(ascii: "%") ? 1 : 0) | (byte == 0 ? 1 : 0) | byte & 0x80 }
        return special == 0 || PercentEncoding.decode(value) != nil
    }

    private func endpoint(of node: Int, for method: Request.Method) -> Endpoint? {
        if let exact = nodes[node].endpoints.first(where: { $0.route.method == method }) { return exact }
        return method == .head ? nodes[node].endpoints.first { $0.route.method == .get } : nil
    }

    /// The node of the whole path. A node without the method is only a second choice: another branch may have it.
    private func find(
        in path: UnsafeBufferPointer<UInt8>, at start: Int, from node: Int, method: Request.Method,
        places: inout PathPlaces
    ) -> Int? {
        var end = start
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        let segment = UnsafeBufferPointer(rebasing: path[start..<end])
        var second: (node: Int, places: PathPlaces)?

        func take(_ child: Int) -> Bool {
            if end == path.count {
                guard !nodes[child].endpoints.isEmpty else { return false }
                found = child
            } else {
                found = find(in: path, at: end + 1, from: child, method: method, places: &places)
            }
            guard let found else { return false }
            if endpoint(of: found, for: method) != nil { return true }
            if second == nil { second = (found, places) }
            return false
        }
        var found: Int?

        if let literal = literal(segment, of: node), take(literal) { return found }
        let depth = places.count
        for pattern in nodes[node].patterns
        where segment.count > pattern.prefix.count + pattern.suffix.count
            && segment.prefix(pattern.prefix.count).elementsEqual(pattern.prefix)
            && segment.suffix(pattern.suffix.count).elementsEqual(pattern.suffix)
        {
            places.append(start + pattern.prefix.count..<end - pattern.suffix.count)
            if take(pattern.node) { return found }
            places.removeAll(after: depth)
        }
        if let rest = nodes[node].rest, start < path.count {
            places.append(start..<path.count)
            if endpoint(of: rest, for: method) != nil { return rest }
            if second == nil { second = (rest, places) }
            places.removeAll(after: depth)
        }
        if let second { places = second.places }
        return second?.node
    }

    private func literal(_ segment: UnsafeBufferPointer<UInt8>, of node: Int) -> Int? {
        let mark = Literal.mark(segment)
        for place in nodes[node].literals.indices where nodes[node].literals[place].mark == mark {
            if nodes[node].literals[place].text.elementsEqual(segment) { return nodes[node].literals[place].node }
        }
        guard segment.contains(UInt8(ascii: "%")), let decoded = PercentEncoding.decode(segment) else { return nil }
        let bytes = Array(decoded.utf8)
        return nodes[node].literals.first { $0.text == bytes }?.node
    }
}
