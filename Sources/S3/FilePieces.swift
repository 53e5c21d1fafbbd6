import HTTPClient
import Reactor
import Synchronization

/// A range of a file, read piece by piece on a pool.
final class FilePieces: Sendable {
    private static let byteCount = 256 << 10

    private let file: OpenFile
    private let range: Range<Int>
    private let task: String
    private let pool: BlockingPool
    private let position: Mutex<Int>

    init(_ file: OpenFile, _ range: Range<Int>, task: String, pool: BlockingPool) {
        self.file = file
        self.range = range
        self.task = task
        self.pool = pool
        position = Mutex(range.lowerBound)
    }

    var body: ClientRequest.Body { .stream(byteCount: range.count) { [self] in try await next() } }

    /// Nil at the end.
    private func next() async throws -> [UInt8]? {
        guard let piece = step(Self.byteCount) else { return nil }
        return try await reading { [file] in try file.read(piece) }
    }

    /// Of all pieces.
    func checksums(withMD5: Bool) async throws -> BodyChecksums {
        let digest = LockedDigest(withMD5: withMD5)
        while let piece = step(4 << 20) {
            try Task.checkCancellation()
            try await reading { [file] in
                var start = piece.lowerBound
                while start < piece.upperBound {
                    let end = min(start + Self.byteCount, piece.upperBound)
                    let bytes = try file.read(start..<end)
                    digest.update(bytes)
                    start = end
                }
            }
        }
        return digest.checksums
    }

    private func step(_ most: Int) -> Range<Int>? {
        position.withLock { position in
            guard position < range.upperBound else { return nil }
            let start = position
            position = min(start + most, range.upperBound)
            return start..<position
        }
    }

    private func reading<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        do { return try await pool.run(work) } catch {
            throw S3Error(.file, task, "the file cannot be read: \(error)")
        }
    }
}

/// A digest that goes from thread to thread.
private final class LockedDigest: Sendable {
    private let digest: Mutex<BodyDigest>

    init(withMD5: Bool) { digest = Mutex(BodyDigest(withMD5: withMD5)) }

    func update(_ bytes: [UInt8]) { digest.withLock { $0.update(bytes) } }

    var checksums: BodyChecksums { digest.withLock { $0.checksums } }
}
