/// The parsed command line of `palco sandbox [options] -- program arguments…`. A program is an absolute path; any other
/// word names work that Palco itself does once it is confined.
struct SandboxInvocation: Equatable {
    enum Action: Equatable {
        case run(program: String, arguments: [String])
        case perform(work: String, arguments: [String])
        /// Confines itself and prints what is active.
        case report
    }

    struct UsageError: Error, Equatable {
        var message: String
    }

    var policy = SandboxPolicy()
    var parent: Int32?
    var action = Action.report

    init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            if option == "--report" { continue }
            if option == "--" {
                guard let program = rest.popFirst() else { throw UsageError(message: "no program after --") }
                action =
                    program.hasPrefix("/")
                    ? .run(program: program, arguments: Array(rest))
                    : .perform(work: program, arguments: Array(rest))
                return
            }
            guard let value = rest.popFirst() else { throw UsageError(message: "\(option) needs a value") }
            try set(option, to: value)
        }
    }

    private mutating func set(_ option: String, to value: String) throws(UsageError) {
        switch option {
        case "--read": policy.readable.append(value)
        case "--write": policy.writable.append(value)
        case "--parent": parent = Int32(truncatingIfNeeded: try number(value, of: option))
        case "--cpu-seconds": policy.limits.cpuSeconds = try number(value, of: option)
        case "--memory-bytes": policy.limits.addressSpaceBytes = try number(value, of: option)
        case "--file-bytes": policy.limits.fileBytes = try number(value, of: option)
        case "--open-files": policy.limits.openFiles = try number(value, of: option)
        case "--nice": policy.niceness = Int(truncatingIfNeeded: try number(value, of: option))
        default: throw UsageError(message: "unknown option \(option)")
        }
    }

    private func number(_ text: String, of option: String) throws(UsageError) -> UInt64 {
        guard let number = UInt64(text) else { throw UsageError(message: "\(option) needs a number, not \(text)") }
        return number
    }
}
