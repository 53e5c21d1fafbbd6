import Glibc
import Synchronization

/// Has `afterCommit` follow the order of changes where several connections write: whoever saw what another has kept comes after it.
///
/// What a transaction has seen began to be kept before the transaction itself did. So it waits for those which are being kept at that
/// moment: the database keeps them side by side, and only what follows is done in order.
///
/// `@unchecked Sendable`: what changes is under `mutex`, which is no `Mutex` because threads wait for `changed` with it.
final class CommitOrder: @unchecked Sendable {
    /// Longer than this nobody waits for one whose connection stands still.
    private static let patience = 5

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var next: UInt64 = 0
    /// Transactions that are being kept or do what follows from it.
    private var underWay: Set<UInt64> = []

    init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(changed)
        mutex.deallocate()
        changed.deallocate()
    }

    private func locked<T>(_ body: () -> T) -> T {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Before a transaction is kept from which something follows.
    ///
    /// - Returns: its number, and those that it may have seen.
    func begin() -> (number: UInt64, earlier: Set<UInt64>) {
        locked {
            let earlier = underWay
            next += 1
            underWay.insert(next)  // bound: connections
            return (next, earlier)
        }
    }

    /// What follows is done, or it was not kept.
    func end(_ number: UInt64) {
        locked {
            underWay.remove(number)
            pthread_cond_broadcast(changed)
        }
    }

    func wait(for earlier: Set<UInt64>) {
        guard !earlier.isEmpty else { return }
        var end = timespec()
        clock_gettime(CLOCK_MONOTONIC, &end)
        end.tv_sec += Self.patience
        locked {
            while !underWay.isDisjoint(with: earlier), pthread_cond_timedwait(changed, mutex, &end) == 0 {}
        }
    }
}
