import Glibc

/// Tells the next start how this process ended: a trap of its own leaves a mark in a file, a kill from outside or a power
/// cut leaves none. So what was under way at a trap can be held responsible, and what was under way at a kill cannot.
public enum CrashMark {
    /// What a program gets for what it did itself.
    private static let signals = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV]

    /// Takes the mark of the process before, and lets this one leave its own. Call once, before work begins.
    ///
    /// - Returns: the number of the signal that ended the process before; nil where it ended otherwise.
    /// - Throws: `SystemError` when the file cannot be used.
    public static func arm(path: String) throws -> Int32? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SystemError("open") }
        var mark: UInt8 = 0
        let count = pread(descriptor, &mark, 1, 0)
        guard ftruncate(descriptor, 0) == 0 else {
            let error = SystemError("ftruncate")
            close(descriptor)
            throw error
        }
        let previous = markDescriptor
        markDescriptor = descriptor
        if previous >= 0 { close(previous) }
        for signal in signals {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = leaveMark
            sigemptyset(&action.sa_mask)
            sigaction(signal, &action, nil)
        }
        return count == 1 ? Int32(mark) : nil
    }
}

/// Where the mark goes. Written once, before the handlers are installed; they only read it.
private nonisolated(unsafe) var markDescriptor: Int32 = -1

/// Runs in the middle of a trap: system calls only, nothing that allocates.
private func leaveMark(_ number: Int32) {
    var mark = UInt8(truncatingIfNeeded: number)
    pwrite(markDescriptor, &mark, 1, 0)
    signal(number, SIG_DFL)
    raise(number)
}
