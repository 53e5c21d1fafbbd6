import Dispatch
import Reactor

/// Keeps a loop from doing anything until it is let go.
final class HeldLoop: Sendable {
    private let end = DispatchSemaphore(value: 0)

    init(_ loop: EventLoop) async {
        let end = end
        await withCheckedContinuation { isHeld in
            loop.execute {
                isHeld.resume()
                end.wait()
            }
        }
    }

    func letGo() { end.signal() }
}
