import CSandbox

/// Landlock (Linux 5.13 and later): file access by rule, decided by the kernel for this process and its children.
///
/// Newer kernels refuse more (truncation, TCP, signals and abstract sockets outside the sandbox); an older one
/// gets the part that it knows.
enum Landlock {
    /// The kernel's version of the interface, or 0 where there is none.
    static var abi: Int { max(0, Int(csandbox_landlock_abi())) }

    private static let read = UInt64(CSANDBOX_FS_READ_FILE) | UInt64(CSANDBOX_FS_READ_DIR)
    private static let execute = UInt64(CSANDBOX_FS_EXECUTE) | UInt64(CSANDBOX_FS_READ_FILE)

    /// What a dynamically linked program needs before its first line runs.
    private static let libraries = [
        "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/nix/store", "/gnu/store",
    ]
    private static let loaders = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"]
    private static let devices = ["/dev/null", "/dev/zero", "/dev/urandom"]

    /// Confines the process. Answers the ABI in force, 0 where the kernel has no Landlock.
    static func confine(_ policy: SandboxPolicy, program: String?) throws(SandboxError) -> Int {
        let abi = self.abi
        guard abi > 0 else { return 0 }
        let handled = handledRights(abi: abi)
        let ruleset = csandbox_landlock_create(
            handled, abi >= 4 ? UInt64(CSANDBOX_NET_BIND_TCP | CSANDBOX_NET_CONNECT_TCP) : 0,
            abi >= 6 ? UInt64(CSANDBOX_SCOPE_ABSTRACT_UNIX_SOCKET | CSANDBOX_SCOPE_SIGNAL) : 0, Int32(abi))
        guard ruleset >= 0 else { throw SandboxError(step: "landlock ruleset", errno: -ruleset) }

        for path in libraries { _ = csandbox_landlock_allow(ruleset, read & handled, path) }
        for path in loaders { _ = csandbox_landlock_allow(ruleset, execute & handled, path) }
        for path in devices {
            _ = csandbox_landlock_allow(ruleset, (read | UInt64(CSANDBOX_FS_WRITE_FILE)) & handled, path)
        }
        if let program { try allow(ruleset, execute & handled, program) }
        for path in policy.readable { try allow(ruleset, read & handled, path) }
        let write =
            read | UInt64(CSANDBOX_FS_WRITE_FILE) | UInt64(CSANDBOX_FS_REMOVE_FILE) | UInt64(CSANDBOX_FS_MAKE_REG)
            | UInt64(CSANDBOX_FS_TRUNCATE)
        for path in policy.writable { try allow(ruleset, write & handled, path) }

        let outcome = csandbox_landlock_restrict(ruleset)
        guard outcome == 0 else { throw SandboxError(step: "landlock", errno: -outcome) }
        return abi
    }

    private static func allow(_ ruleset: Int32, _ rights: UInt64, _ path: String) throws(SandboxError) {
        let outcome = csandbox_landlock_allow(ruleset, rights, path)
        guard outcome == 0 else { throw SandboxError(step: "landlock rule for \(path)", errno: -outcome) }
    }

    private static func handledRights(abi: Int) -> UInt64 {
        var rights = UInt64(CSANDBOX_FS_ALL_ABI1)
        if abi >= 2 { rights |= UInt64(CSANDBOX_FS_REFER) }
        if abi >= 3 { rights |= UInt64(CSANDBOX_FS_TRUNCATE) }
        if abi >= 5 { rights |= UInt64(CSANDBOX_FS_IOCTL_DEV) }
        return rights
    }
}
