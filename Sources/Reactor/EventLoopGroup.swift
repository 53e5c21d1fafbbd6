import Glibc
import Synchronization

/// All event loops of the process: one per core unless told otherwise.
public final class EventLoopGroup: Sendable {
    public let loops: [EventLoop]
    private let cursor = Atomic<Int>(0)

    public static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    public init(count: Int = EventLoopGroup.coreCount) throws {
        loops = try (0..<max(1, count)).map { try EventLoop(name: "loop-\($0)", index: $0) }
    }

    /// The loops in turn.
    public func next() -> EventLoop {
        let index = cursor.wrappingAdd(1, ordering: .relaxed).oldValue
        return loops[Int(UInt(bitPattern: index) % UInt(loops.count))]
    }

    /// Ends all loops. Not from one of them.
    public func shutdown() async {
        for loop in loops { await loop.stop() }
    }
}

/// A value that belongs to one loop. Touching it elsewhere traps.
public struct LoopBound<Value>: @unchecked Sendable {
    // @unchecked: every access checks that it happens on `loop`.
    public let loop: EventLoop
    private var confined: Value

    public init(_ value: Value, on loop: EventLoop) {
        self.loop = loop
        confined = value
    }

    public var value: Value {
        get {
            loop.preconditionOnLoop()
            return confined
        }
        _modify {
            loop.preconditionOnLoop()
            yield &confined
        }
    }
}
