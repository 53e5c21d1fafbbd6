import Synchronization

/// A list that a server or a body's maker works on and a test reads.
final class Pieces<Element: Sendable>: Sendable {
    private let elements: Mutex<[Element]>

    init(_ elements: [Element]) { self.elements = Mutex(elements) }

    var all: [Element] { elements.withLock { $0 } }

    func append(_ element: Element) { elements.withLock { $0.append(element) } }

    func popFirst() -> Element? { elements.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
}

extension Pieces<String> {
    /// For a streamed body.
    @Sendable func next() async throws -> [UInt8]? { popFirst().map { Array($0.utf8) } }
}
