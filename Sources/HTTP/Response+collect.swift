import Reactor

extension Response {
    /// Runs the body to its end into memory, as a test does instead of a socket. Files are read blocking.
    public func collect() async throws -> [UInt8] {
        switch body {
        case .empty: return []
        case .bytes(let bytes): return bytes
        case .string(let text): return Array(text.utf8)
        case .file(let file, let range): return try file.read(range)
        case .pieces(let pieces):
            return try pieces.flatMap { piece in
                switch piece {
                case .bytes(let bytes): bytes
                case .file(let file, let range): try file.read(range)
                }
            }
        case .stream(_, let produce):
            let collector = Collector()
            try await produce(collector)
            return collector.bytes
        }
    }
}

private final class Collector: ResponseWriter {
    var bytes: [UInt8] = []
    func write(_ bytes: [UInt8]) async throws { self.bytes += bytes }
    func keepsGoing() -> Bool { true }
}
