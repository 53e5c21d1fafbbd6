import CSandbox
import Glibc

/// A step of the confinement that the kernel refused.
public struct SandboxError: Error, CustomStringConvertible {
    public var step: String
    public var errno: Int32

    public var description: String { "\(step): \(String(cString: strerror(errno)))" }
}

/// Confines the calling process for good. The order matters: each step may need what a later one takes away.
enum Confinement {
    /// May pass by file permissions: Palco may run as root over files of another user, and Landlock decides then.
    private static let overridePermissions: UInt64 = 1 << 1

    static func apply(_ policy: SandboxPolicy, program: String?, parent: Int32?) throws(SandboxError) -> SandboxReport {
        var report = SandboxReport()
        _ = csandbox_close_from(3)
        try check("limits", csandbox_set_limit(csandbox_limit_core(), 0))
        try check("limits", csandbox_set_limit(csandbox_limit_cpu(), policy.limits.cpuSeconds))
        try check("limits", csandbox_set_limit(csandbox_limit_address_space(), policy.limits.addressSpaceBytes))
        try check("limits", csandbox_set_limit(csandbox_limit_file_size(), policy.limits.fileBytes))
        try check("limits", csandbox_set_limit(csandbox_limit_open_files(), policy.limits.openFiles))
        report.limits = true
        report.lowPriority = csandbox_nice(Int32(policy.niceness)) == 0

        report.networkNamespace =
            csandbox_network_namespace(0) == 0 || csandbox_network_namespace(1) == 0
        try check("no new privileges", csandbox_no_new_privileges())
        report.noNewPrivileges = true
        report.landlockABI = try Landlock.confine(policy, program: program)
        let kept = report.landlockABI > 0 ? overridePermissions : 0
        report.capabilitiesDropped = csandbox_drop_capabilities(kept) == 0

        // After the steps above: a change of credentials clears it.
        try check("death signal", csandbox_kill_when_parent_dies())
        if let parent, getppid() != parent { _exit(SandboxCommand.parentGone) }
        report.diesWithServer = true

        if let program { try ProgramPath.place(program) }
        if csandbox_seccomp_available() == 1 {
            try SystemCallFilter.install(becomesProgram: program != nil)
            report.systemCallFilter = csandbox_is_seccomp_active() == 1
        }
        return report
    }

    private static func check(_ step: String, _ outcome: Int32) throws(SandboxError) {
        guard outcome >= 0 else { throw SandboxError(step: step, errno: -outcome) }
    }
}
