import Reactor
import Synchronization

/// The wish to stop, told to whoever asks whether the server is ready before anything else follows from it.
final class Stopping: Sendable {
    /// As long as balancers take to ask twice.
    private static let notice = Duration.seconds(3)

    private let hasBegun = Atomic(false)

    var isUnderWay: Bool { hasBegun.load(ordering: .acquiring) }

    /// Not ready from now on.
    ///
    /// - Parameter waits: where others can take the requests that still come here until all have heard it.
    func begin(waits: Bool, on loop: EventLoop) async {
        hasBegun.store(true, ordering: .releasing)
        if waits { try? await loop.sleep(for: Self.notice) }
    }
}
