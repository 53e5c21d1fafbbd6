import CSandbox
import Glibc

/// A seccomp filter: system calls that no decoder needs fail with `EPERM`.
///
/// Programs keep running after a refusal and report it; the kernel kills only those that switch to a foreign
/// instruction set to slip around the filter.
enum SystemCallFilter {
    /// Refused by name. What an architecture does not have is skipped.
    static let refused: [String] = [
        // networks and sockets of every family
        "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg",
        "recvfrom", "recvmsg", "recvmmsg", "getpeername", "socketcall",
        // other processes and programs
        "fork", "vfork", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_open",
        "pidfd_getfd", "pidfd_send_signal", "kcmp", "kill", "tkill", "rt_sigqueueinfo",
        // namespaces, mounts, the machine
        "unshare", "setns", "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen",
        "fsconfig", "fsmount", "fspick", "mount_setattr", "swapon", "swapoff", "reboot", "kexec_load",
        "kexec_file_load", "init_module", "finit_module", "delete_module", "acct", "quotactl", "settimeofday",
        "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname", "syslog", "vhangup", "iopl",
        "ioperm", "personality",
        // large attack surfaces of the kernel
        "bpf", "userfaultfd", "perf_event_open", "io_uring_setup", "io_uring_enter", "io_uring_register", "keyctl",
        "add_key", "request_key", "memfd_create", "memfd_secret", "name_to_handle_at", "open_by_handle_at",
        "fanotify_init", "inotify_init", "inotify_init1", "lookup_dcookie", "vmsplice", "shmget", "shmat", "msgget",
        "semget", "mq_open", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat", "chown", "fchown", "lchown",
        "fchownat", "setuid", "setgid", "setresuid", "setresgid", "setreuid", "setregid", "setgroups", "capset",
    ]

    /// Installs the filter for this process and all it becomes.
    static func install() throws(SandboxError) {
        guard let filter = csandbox_filter_create() else { throw SandboxError(step: "seccomp filter", errno: ENOMEM) }
        defer { seccomp_release(filter) }
        for name in refused { try check(csandbox_filter_deny(filter, name, EPERM)) }
        // The C library falls back to `clone`, whose flags can be judged.
        try check(csandbox_filter_deny(filter, "clone3", ENOSYS))
        try check(csandbox_filter_deny_processes(filter, EPERM))
        try check(seccomp_load(filter))
    }

    private static func check(_ outcome: Int32) throws(SandboxError) {
        guard outcome == 0 else { throw SandboxError(step: "seccomp filter", errno: -outcome) }
    }
}
