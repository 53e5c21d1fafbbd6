import Synchronization

/// Where rendered lines go. `write` is called from any thread, event loops included, and must not block.
public protocol LogSink: Sendable {
    /// One line with its line feed.
    func write(_ line: [UInt8])
    /// Returns when the lines written before are out.
    func flush()
}

struct Silence: LogSink {
    func write(_ line: [UInt8]) {}
    func flush() {}
}

/// Keeps lines in memory, for tests of what is said and of what is never said.
public final class CapturedLog: LogSink {
    private let captured = Mutex<[String]>([])

    public init() {}

    public func write(_ line: [UInt8]) {
        let text = String(decoding: line.dropLast(), as: UTF8.self)
        captured.withLock { $0.append(text) }
    }

    public func flush() {}

    public var lines: [String] { captured.withLock { $0 } }
}
