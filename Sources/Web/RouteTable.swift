import Glibc
import HTTP
import Telemetry

/// What a path leads to: one handler for each method.
final class Endpoint: Sendable {
    let route: Route
    let parameterNames: [String]
    /// Answers without waiting; nil where that cannot be done now.
    let atOnce: AtOnce<BaseContext>?
    let handler: Next<BaseContext>
    let log: Log

    init(
        route: Route, parameterNames: [String] = [], log: Log, atOnce: AtOnce<BaseContext>? = nil,
        handler: @escaping Next<BaseContext>
    ) {
        self.route = route
        self.parameterNames = parameterNames
        self.log = log
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
            for place in 0..<min(7, text.count) { mark = mark << 8 | UInt64(text[place]) }
            return mark
        }
    }

    private struct Node: Sendable {
        var literals: [Literal] = []
        /// The more fixed text, the earlier it is tried.
        var patterns: [(prefix: [UInt8], suffix: [UInt8], node: Int)] = []
        var rest: Int?
        var endpoints: [Endpoint] = []
        /// Of the endpoints, in their order.
        var methods: [Request.Method] = []
    }

    enum Match {
        case found(Endpoint)
        case methodNotAllowed([Request.Method])
        case notFound
    }

    private var nodes = [Node()]

    mutating func insert(_ pattern: PathPattern, _ endpoint: Endpoint) throws {
        var node = 0
        for piece in pattern.pieces { node = child(of: node, for: piece) }
        if nodes[node].methods.contains(endpoint.route.method) {
            throw RouterError.duplicate(endpoint.route.description)
        }
        nodes[node].endpoints.append(endpoint)
        nodes[node].methods.append(endpoint.route.method)
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

    /// - Parameter places: where in the target the values of the parameters stand, for what was found. What stands behind `?`
    ///   is not looked at.
    func match(_ request: borrowing Request, places: inout PathPlaces) -> Match {
        let method = request.method
        return request.head.withTarget { bytes in
            let end = bytes.place(of: UInt8(ascii: "?"), from: 0)
            guard end > 0, bytes[0] == UInt8(ascii: "/") else { return .notFound }
            // No server takes so long a target.
            guard end <= UInt16.max else { return .notFound }
            let path = UnsafeBufferPointer(rebasing: bytes[..<end])
            guard let node = find(in: path, at: 1, from: 0, method: method, places: &places) else { return .notFound }
            guard let endpoint = endpoint(of: node, for: method) else {
                return .methodNotAllowed(nodes[node].methods)
            }
            for place in 0..<places.count where !Self.canDecode(UnsafeBufferPointer(rebasing: path[places[place]])) {
                return .notFound
            }
            return .found(endpoint)
        }
    }

    private static func canDecode(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        // Without branches, so that the compiler can look at many bytes at once.
        var special: UInt8 = 0
        for byte in value { special |= (byte == UInt8(ascii: "%") ? 1 : 0) | (byte == 0 ? 1 : 0) | byte & 0x80 }
        return special == 0 || PercentEncoding.decode(value) != nil
    }

    private func endpoint(of node: Int, for method: Request.Method) -> Endpoint? {
        place(of: method, at: node).map { nodes[node].endpoints[$0] }
    }

    /// Where a node has what answers the method.
    private func place(of method: Request.Method, at node: Int) -> Int? {
        var get: Int?
        for place in nodes[node].methods.indices {
            if nodes[node].methods[place] == method { return place }
            if nodes[node].methods[place] == .get { get = place }
        }
        return method == .head ? get : nil
    }

    /// The node of the whole path. A node without the method is only a second choice: another branch may have it.
    private func find(
        in path: UnsafeBufferPointer<UInt8>, at start: Int, from node: Int, method: Request.Method,
        places: inout PathPlaces
    ) -> Int? {
        let end = path.place(of: UInt8(ascii: "/"), from: start)
        let segment = UnsafeBufferPointer(rebasing: path[start..<end])
        var second: (node: Int, places: PathPlaces)?

        func take(_ child: Int) -> Bool {
            if end == path.count {
                guard !nodes[child].methods.isEmpty else { return false }
                found = child
            } else {
                found = find(in: path, at: end + 1, from: child, method: method, places: &places)
            }
            guard let found else { return false }
            if place(of: method, at: found) != nil { return true }
            if second == nil { second = (found, places) }
            return false
        }
        var found: Int?

        if let literal = literal(segment, of: node), take(literal) { return found }
        let depth = places.count
        for index in nodes[node].patterns.indices {
            // Looked at where it stands: a copy would count references to both of its texts.
            let (before, after) = (nodes[node].patterns[index].prefix.count, nodes[node].patterns[index].suffix.count)
            guard segment.count > before + after, segment.holds(nodes[node].patterns[index].prefix, at: 0),
                segment.holds(nodes[node].patterns[index].suffix, at: segment.count - after)
            else { continue }
            places.append(start + before..<end - after)
            if take(nodes[node].patterns[index].node) { return found }
            places.removeAll(after: depth)
        }
        if let rest = nodes[node].rest, start < path.count {
            places.append(start..<path.count)
            if place(of: method, at: rest) != nil { return rest }
            if second == nil { second = (rest, places) }
            places.removeAll(after: depth)
        }
        if let second { places = second.places }
        return second?.node
    }

    private func literal(_ segment: UnsafeBufferPointer<UInt8>, of node: Int) -> Int? {
        let mark = Literal.mark(segment)
        for place in nodes[node].literals.indices where nodes[node].literals[place].mark == mark {
            // Looked at where it stands, as the patterns are.
            guard nodes[node].literals[place].text.count == segment.count,
                segment.holds(nodes[node].literals[place].text, at: 0)
            else { continue }
            return nodes[node].literals[place].node
        }
        guard segment.place(of: UInt8(ascii: "%"), from: 0) < segment.count,
            let decoded = PercentEncoding.decode(segment)
        else { return nil }
        let bytes = Array(decoded.utf8)
        return nodes[node].literals.first { $0.text == bytes }?.node
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Where the next such byte stands; behind the last one where there is none.
    fileprivate func place(of byte: UInt8, from start: Int) -> Int {
        guard let base = baseAddress, start < count, let found = memchr(base + start, Int32(byte), count - start) else {
            return count
        }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }

    /// - Parameter start: there are at least as many bytes from here on.
    fileprivate func holds(_ bytes: [UInt8], at start: Int) -> Bool {
        guard let base = baseAddress, !bytes.isEmpty else { return bytes.isEmpty }
        precondition(start >= 0 && bytes.count <= count - start)
        return memcmp(base + start, bytes, bytes.count) == 0
    }
}
