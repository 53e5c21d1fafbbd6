public enum ChildStreamError: Error, Sendable, Equatable {
    /// The child reads no more: it closed its standard input or has ended (`EPIPE`).
    case closed
    /// Somebody else writes or waits already: a stream has one writer or reader at a time.
    case busy
}

/// What is said to a child and heard from it while it works. Used on the loop of the child only.
public struct ChildStreams: Sendable {
    public let input: ChildInput
    public let output: ChildOutput
}

/// The standard input of a child, confined to its loop. Nothing is queued: what the pipe does not take, the writer waits
/// with.
public final class ChildInput: @unchecked Sendable {
    let end: PipeEnd
    private var isWriting = false

    init(loop: EventLoop) { end = PipeEnd(loop: loop) }

    /// Writes all of `bytes`, waiting while the child takes no more. When the task is cancelled meanwhile, the child has
    /// got a part.
    ///
    /// - Throws: `ChildStreamError`; `CancellationError`.
    public func write(_ bytes: ArraySlice<UInt8>) async throws {
        end.loop.preconditionOnLoop()
        guard !isWriting else { throw ChildStreamError.busy }
        isWriting = true
        defer { isWriting = false }
        var rest = bytes
        while !rest.isEmpty {
            guard let count = try end.write(rest) else {
                try await end.untilReady()
                continue
            }
            rest = rest.dropFirst(count)
            await end.yieldAfterShare()
        }
    }

    public func write(_ bytes: [UInt8]) async throws { try await write(bytes[...]) }

    /// Nothing more comes: the child reads its end. Calling again does nothing.
    public func close() { end.close() }
}

/// The standard output of a child, confined to its loop. It is read only when it is asked for: a child that nobody listens
/// to fills its pipe, and waits.
public final class ChildOutput: @unchecked Sendable {
    let end: PipeEnd
    private var allowance: Int
    /// What the child had written when it ended.
    private var rest: [UInt8] = []
    /// Called when the child writes more than it may.
    var exceeded: (() -> Void)?

    init(loop: EventLoop, maxByteCount: Int) {
        end = PipeEnd(loop: loop)
        allowance = maxByteCount
    }

    /// The next piece, as soon as there is one; nil at the end.
    ///
    /// - Throws: `ChildStreamError.busy`; `CancellationError`.
    public func next() async throws -> [UInt8]? {
        end.loop.preconditionOnLoop()
        while true {
            guard let piece = rest.isEmpty ? end.read() : rest else {
                try await end.untilReady()
                continue
            }
            rest = []
            if piece.isEmpty { return nil }
            if piece.count > allowance {
                end.close()
                exceeded?()
                return nil
            }
            allowance -= piece.count
            await end.yieldAfterShare()
            return piece
        }
    }

    /// Nobody listens any more.
    func close() {
        rest = []
        end.close()
    }

    /// The child is gone: what it said stays to be heard.
    func keepRest() {
        rest += end.readRest()
        end.close()
    }
}
