import CSandbox
import Glibc

/// A seccomp filter: only the system calls that a decoder or Palco's own reader of media makes are let through.
///
/// The list is what ffmpeg and ffprobe of versions 5 to 8 were seen to call, with glibc and with musl, and what a Swift
/// program needs that reads and writes files. All others fail with `ENOSYS`, as on a kernel that does not have them,
/// so that C libraries take the older way that they know (`clone3` becomes `clone`, whose flags can be judged).
/// The kernel kills only those that switch to a foreign instruction set to slip around the filter.
enum SystemCallFilter {
    /// Let through with any arguments. What an architecture does not have is skipped.
    static let allowed: [String] = [
        // Files. Landlock decides which ones. Nothing here changes a mode, an owner, a time or an attribute.
        "open", "openat", "close", "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev",
        "lseek", "_llseek", "fstat", "stat", "lstat", "newfstatat", "fstatat64", "statx", "access", "faccessat",
        "faccessat2", "readlink", "readlinkat", "getdents", "getdents64", "getcwd", "dup", "dup2", "dup3", "fsync",
        "fdatasync", "ftruncate", "fadvise64", "rename", "renameat", "renameat2", "unlink", "unlinkat", "umask",
        "poll", "ppoll", "select", "pselect6",
        // Memory. `mlock` is libgcrypt's, which would complain on standard error; how much is a limit of the process.
        "brk", "munmap", "madvise", "mlock",
        // Threads and the process itself.
        "arch_prctl", "exit", "exit_group", "futex", "get_thread_area", "getcpu", "membarrier", "restart_syscall",
        "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_getaffinity", "sched_getparam",
        "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min", "sched_yield", "set_robust_list",
        "set_thread_area", "set_tid_address", "sigaltstack", "getpid", "getppid", "gettid", "getuid", "geteuid",
        "getgid", "getegid",
        // The clock, random numbers, and what the machine has.
        "clock_getres", "clock_gettime", "clock_nanosleep", "gettimeofday", "nanosleep", "time", "times", "getrandom",
        "getrlimit", "ugetrlimit", "getrusage", "sysinfo", "uname",
    ]

    /// Installs the filter for this process and all it becomes.
    ///
    /// - Parameter becomesProgram: the path at `ProgramPath.pointer` may be executed.
    static func install(becomesProgram: Bool) throws(SandboxError) {
        guard let filter = csandbox_filter_create(ENOSYS) else {
            throw SandboxError(step: "seccomp filter", errno: ENOMEM)
        }
        defer { seccomp_release(filter) }
        for name in allowed { try allow(filter, name) }
        for rule in judged(becomesProgram: becomesProgram) { try allow(filter, rule.name, rule.conditions) }
        try check(seccomp_load(filter))
    }

    private static func allow(
        _ filter: scmp_filter_ctx, _ name: String, _ conditions: [scmp_arg_cmp] = []
    ) throws(SandboxError) {
        let number = seccomp_syscall_resolve_name(name)
        // Below zero: a call of other architectures.
        guard number >= 0 else { return }
        try check(csandbox_filter_allow(filter, number, UInt32(conditions.count), conditions))
    }

    private static func check(_ outcome: Int32) throws(SandboxError) {
        guard outcome == 0 else { throw SandboxError(step: "seccomp filter", errno: -outcome) }
    }
}
