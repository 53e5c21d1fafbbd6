import CSandbox
import Glibc

extension SystemCallFilter {
    /// A call that is let through only where all conditions hold. Several rules for one call: one of them suffices.
    struct Rule {
        var name: String
        var conditions: [scmp_arg_cmp]
    }

    /// Calls that are needed, and dangerous with other arguments than the needed ones.
    static func judged(becomesProgram: Bool) -> [Rule] {
        var rules = memory + descriptors + process
        // Each program that a process could become later would be confined too, but none is needed.
        if becomesProgram { rules.append(Rule(name: "execve", conditions: [exactly(0, ProgramPath.address)])) }
        return rules
    }

    /// No memory is both written and executed, code comes from files alone, and nothing covers `ProgramPath`.
    private static var memory: [Rule] {
        let write = UInt64(PROT_WRITE)
        let execute = UInt64(PROT_EXEC)
        let fixed = UInt64(MAP_FIXED | CSANDBOX_MAP_FIXED_NOREPLACE)
        let anonymous = UInt64(MAP_ANONYMOUS)
        let growing = UInt64(MAP_GROWSDOWN)
        var rules: [Rule] = []
        for isPlaced in [true, false] {
            let place = isPlaced ? atLeast(0, ProgramPath.end) : exactly(0, 0)
            let forbidden = isPlaced ? growing : growing | fixed
            rules.append(Rule(name: "mmap", conditions: [place, masked(2, execute, 0), masked(3, forbidden, 0)]))
            let code = masked(2, write | execute, execute)
            rules.append(Rule(name: "mmap", conditions: [place, code, masked(3, forbidden | anonymous, 0)]))
        }
        // Libraries with relocations in their code and executable stacks are not loaded.
        rules.append(Rule(name: "mprotect", conditions: [masked(2, execute, 0)]))
        rules.append(Rule(name: "mremap", conditions: [masked(3, ~UInt64(CSANDBOX_MREMAP_MAYMOVE), 0)]))
        return rules
    }

    /// What a descriptor can be told: never to send a signal to somebody (`F_SETOWN`, `F_SETSIG`, `FIOSETOWN`), and
    /// never to type into a terminal (`TIOCSTI`).
    private static var descriptors: [Rule] {
        let commands = [F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW]
        let names = ["fcntl", "fcntl64"]
        return names.flatMap { name in commands.map { Rule(name: name, conditions: [word(1, UInt32($0))]) } }
            + [TCGETS, TIOCGWINSZ].map { Rule(name: "ioctl", conditions: [word(1, UInt32($0))]) }
    }

    private static var process: [Rule] {
        let threads = UInt64(CSANDBOX_CLONE_OF_A_THREAD)
        return [
            // A thread of this process, in the namespaces of this process.
            Rule(name: "clone", conditions: [masked(0, threads | UInt64(CSANDBOX_CLONE_NAMESPACES), threads)]),
            // `abort` and signals among the threads of this process.
            Rule(name: "tgkill", conditions: [word(0, UInt32(bitPattern: getpid()))]),
            // Limits of this process can be read.
            Rule(name: "prlimit64", conditions: [word(0, 0), exactly(2, 0)]),
            Rule(name: "prlimit64", conditions: [word(0, UInt32(bitPattern: getpid())), exactly(2, 0)]),
            // Names of threads and of memory; libcap asks which capabilities there are.
            Rule(name: "prctl", conditions: [word(0, UInt32(CSANDBOX_PR_SET_NAME))]),
            Rule(name: "prctl", conditions: [word(0, UInt32(CSANDBOX_PR_GET_NAME))]),
            Rule(name: "prctl", conditions: [word(0, UInt32(CSANDBOX_PR_SET_VMA))]),
            Rule(name: "prctl", conditions: [word(0, UInt32(CSANDBOX_PR_CAPBSET_READ))]),
            // Whether this filter is there: what a report says is asked, not assumed.
            Rule(name: "prctl", conditions: [word(0, UInt32(CSANDBOX_PR_GET_SECCOMP))]),
        ]
    }

    // MARK: Conditions about the argument with this number, counted from 0

    private static func exactly(_ argument: UInt32, _ value: UInt64) -> scmp_arg_cmp {
        scmp_arg_cmp(arg: argument, op: SCMP_CMP_EQ, datum_a: value, datum_b: 0)
    }

    private static func atLeast(_ argument: UInt32, _ value: UInt64) -> scmp_arg_cmp {
        scmp_arg_cmp(arg: argument, op: SCMP_CMP_GE, datum_a: value, datum_b: 0)
    }

    /// The bits of `mask` are those of `value`.
    private static func masked(_ argument: UInt32, _ mask: UInt64, _ value: UInt64) -> scmp_arg_cmp {
        scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value)
    }

    /// For arguments of 32 bits: the kernel does not look at the others, which may hold anything.
    private static func word(_ argument: UInt32, _ value: UInt32) -> scmp_arg_cmp {
        masked(argument, UInt64(UInt32.max), UInt64(value))
    }
}
