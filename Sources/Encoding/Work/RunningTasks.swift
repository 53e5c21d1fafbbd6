import Synchronization

/// The tasks that this process works on, so that a removed video stops at once.
final class RunningTasks: Sendable {
    private let running = Mutex<[String: (task: EncodingTask, cancel: @Sendable () -> Void)]>([:])

    func add(_ task: EncodingTask, cancel: @escaping @Sendable () -> Void) {
        running.withLock { $0[task.run] = (task, cancel) }
    }

    func remove(_ task: EncodingTask) {
        running.withLock { _ = $0.removeValue(forKey: task.run) }
    }

    var isEmpty: Bool { running.withLock(\.isEmpty) }

    func contains(_ task: TaskID) -> Bool { running.withLock { $0.values.contains { $0.task.id == task } } }

    func cancel(_ video: EncodingID) {
        let cancels = running.withLock { $0.values.filter { $0.task.video == video }.map(\.cancel) }
        for cancel in cancels { cancel() }
    }
}
