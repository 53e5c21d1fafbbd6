import CSystem

/// Watches a descriptor that a C library owns, such as a socket of libcurl.
///
/// Level-triggered, unlike the loop's own descriptors: such libraries do not promise to read until nothing is left, so
/// what they leave must be told again. Confined to its loop.
public final class ForeignDescriptor {
    public let descriptor: Int32
    private let loop: EventLoop
    private let onReady: (_ isReadable: Bool, _ isWritable: Bool) -> Void
    private var token: WatchToken?

    /// - Parameter onReady: is called on the loop in each of its rounds while the descriptor is ready; an error or a
    ///   hang-up counts as both.
    public init(_ descriptor: Int32, loop: EventLoop, onReady: @escaping (Bool, Bool) -> Void) {
        self.descriptor = descriptor
        self.loop = loop
        self.onReady = onReady
    }

    /// From now on waits for just this.
    ///
    /// - Throws: `SystemError` when epoll does not take the descriptor.
    public func wait(readable: Bool, writable: Bool) throws {
        stop()
        guard readable || writable else { return }
        token = try loop.watch(
            descriptor, readable: readable, writable: writable, isEdgeTriggered: false, handler: self)
    }

    /// Call before the descriptor is closed.
    public func stop() {
        guard let token else { return }
        self.token = nil
        loop.unwatch(token, descriptor: descriptor)
    }
}

extension ForeignDescriptor: DescriptorHandler {
    func descriptorBecameReady(_ readiness: Readiness) {
        onReady(readiness.isReadable, readiness.isWritable)
    }
}
