import Glibc

/// Lines to a file descriptor by a thread of its own, so that a stalled reader of the log never stalls an event loop.
///
/// The queue is bounded: when it is full, new lines are dropped and counted, and the count is told as soon as there is room.
/// Lines are gathered for some milliseconds, so that a busy server wakes the thread a hundred times a second and not with
/// each line; a process that is killed loses those.
///
/// `@unchecked Sendable`: everything that changes is protected by `mutex`.
public final class StandardOutput: LogSink, @unchecked Sendable {
    public static let shared = StandardOutput(descriptor: STDOUT_FILENO)

    /// Readable on a terminal, JSON elsewhere; colors unless `NO_COLOR` is set.
    public static var preferredForm: LogForm {
        guard isatty(STDOUT_FILENO) == 1 else { return .json }
        return .readable(colored: getenv("NO_COLOR") == nil)
    }

    private let descriptor: Int32
    private let capacity: Int
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [UInt8] = []
    private var isWriting = false
    private var isFlushing = false
    private var hasThread = false
    private var droppedLines = 0

    /// The descriptor stays the caller's. An instance lives as long as the process, since its thread does.
    public init(descriptor: Int32, capacity: Int = 1 << 20) {
        self.descriptor = descriptor
        self.capacity = capacity
        pthread_mutex_init(mutex, nil)
        // A wait must not grow by hours when the machine's clock is set back.
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    public func write(_ line: [UInt8]) {
        locked {
            if waiting.count + line.count > capacity {
                droppedLines += 1
                return
            }
            let isFirst = waiting.isEmpty
            if droppedLines > 0 {
                waiting += #"{"level":"warning","message":"log lines dropped","count":\#(droppedLines)}"#.utf8
                waiting.append(UInt8(ascii: "\n"))
                droppedLines = 0
            }
            waiting += line
            startThreadIfNeeded()
            if isFirst || waiting.count > capacity / 2 { pthread_cond_broadcast(changed) }
        }
    }

    public func flush() {
        locked {
            isFlushing = true
            pthread_cond_broadcast(changed)
            while hasThread, isWriting || !waiting.isEmpty { pthread_cond_wait(changed, mutex) }
            isFlushing = false
        }
    }

    private func locked(_ body: () -> Void) {
        pthread_mutex_lock(mutex)
        body()
        pthread_mutex_unlock(mutex)
    }

    private func startThreadIfNeeded() {
        guard !hasThread else { return }
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 256 << 10)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, &attributes,
            { context in
                if let context { Unmanaged<StandardOutput>.fromOpaque(context).takeRetainedValue().writeForever() }
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_attr_destroy(&attributes)
        hasThread = status == 0
    }

    private func writeForever() {
        var batch: [UInt8] = []
        while true {
            pthread_mutex_lock(mutex)
            while waiting.isEmpty { pthread_cond_wait(changed, mutex) }
            gather()
            swap(&batch, &waiting)
            isWriting = true
            pthread_mutex_unlock(mutex)
            writeAll(batch)
            batch.removeAll(keepingCapacity: true)
            locked {
                isWriting = false
                pthread_cond_broadcast(changed)
            }
        }
    }

    /// Waits a little for more lines, with the mutex held as far as the wait allows.
    private func gather() {
        var end = timespec()
        clock_gettime(CLOCK_MONOTONIC, &end)
        end.tv_nsec += 10_000_000
        if end.tv_nsec >= 1_000_000_000 {
            end.tv_nsec -= 1_000_000_000
            end.tv_sec += 1
        }
        while !isFlushing, waiting.count <= capacity / 2 {
            if pthread_cond_timedwait(changed, mutex, &end) == ETIMEDOUT { return }
        }
    }

    /// Lines that cannot be written (closed pipe, full disk) are lost: a server does not stop for its log.
    private func writeAll(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if errno == EAGAIN {
                    var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&poller, 1, 1_000)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
