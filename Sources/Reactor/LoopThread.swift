import CSystem
import Glibc

/// Threads of the Reactor, and the thread-specific slot that says which loop a thread belongs to.
enum LoopThread {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let failed = pthread_key_create(&key, nil)
        precondition(failed == 0, "no thread-specific key is left")
        return key
    }()

    static var currentIdentity: ObjectIdentifier? {
        pthread_getspecific(key).map { unsafeBitCast($0, to: ObjectIdentifier.self) }
    }

    /// Unretained: the loop's thread itself keeps the loop alive while it runs.
    static var currentLoop: EventLoop? {
        get {
            guard let pointer = pthread_getspecific(key) else { return nil }
            return Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
        }
        set {
            pthread_setspecific(key, newValue.map { UnsafeRawPointer(Unmanaged.passUnretained($0).toOpaque()) })
        }
    }

    /// Starts a detached thread. `name` shows in `top -H` and is cut to 15 bytes.
    static func start(named name: String, _ body: @escaping @Sendable () -> Void) throws {
        final class Start {
            let name: String
            let body: @Sendable () -> Void
            init(name: String, body: @escaping @Sendable () -> Void) {
                self.name = name
                self.body = body
            }
        }
        let start = Unmanaged.passRetained(Start(name: String(name.prefix(15)), body: body))
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 2 << 20)
        let failed = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                pthread_setname_np(pthread_self(), start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard failed == 0 else {
            start.release()
            throw SystemError("pthread_create", code: failed)
        }
    }
}
