import HTTP
import Synchronization

/// Counts what goes through the front door, for `/metrics`.
final class Traffic: Sendable {
    private let informational = Atomic<Int>(0)
    private let successful = Atomic<Int>(0)
    private let redirected = Atomic<Int>(0)
    private let clientErrors = Atomic<Int>(0)
    private let serverErrors = Atomic<Int>(0)

    func count(_ status: Response.Status) {
        switch status.code {
        case ..<200: informational.add(1, ordering: .relaxed)
        case ..<300: successful.add(1, ordering: .relaxed)
        case ..<400: redirected.add(1, ordering: .relaxed)
        case ..<500: clientErrors.add(1, ordering: .relaxed)
        default: serverErrors.add(1, ordering: .relaxed)
        }
    }

    /// Requests by the first digit of their status.
    var requests: [(status: String, count: Int)] {
        [
            ("1xx", informational.load(ordering: .relaxed)), ("2xx", successful.load(ordering: .relaxed)),
            ("3xx", redirected.load(ordering: .relaxed)), ("4xx", clientErrors.load(ordering: .relaxed)),
            ("5xx", serverErrors.load(ordering: .relaxed)),
        ]
    }
}
