import Glibc

/// `palco sandbox`: Palco starts itself, takes everything away from itself, and becomes the given program.
///
/// Hidden from `--help`: it is the way in which the server starts ffmpeg and ffprobe, which read what strangers
/// upload. The program inherits standard input, output and error and an environment of two variables.
public enum SandboxCommand {
    static let usageError: Int32 = 64
    /// `EX_OSERR`: the kernel refused a step, so nothing was started.
    static let confinementFailed: Int32 = 71
    static let parentGone: Int32 = 75
    static let notStarted: Int32 = 127

    /// Work of Palco's own by name: gets its arguments and answers the exit status.
    public typealias Works = [String: ([String]) -> Int32]

    /// Never returns when the arguments (program name first) ask for the sandbox; call it first in `main`.
    ///
    /// - Parameter works: what this program does itself once it is confined, in place of becoming another one.
    public static func runIfRequested(_ arguments: [String], works: Works = [:]) {
        guard arguments.count >= 2, arguments[1] == "sandbox" else { return }
        exit(run(Array(arguments.dropFirst(2)), works))
    }

    private static func run(_ arguments: [String], _ works: Works) -> Int32 {
        let invocation: SandboxInvocation
        do { invocation = try SandboxInvocation(arguments) } catch {
            return fail(error.message, usageError)
        }
        switch invocation.action {
        case .report:
            do {
                let report = try Confinement.apply(invocation.policy, program: nil, parent: invocation.parent)
                print(report.text, terminator: "")
                return 0
            } catch { return fail("\(error)", confinementFailed) }
        case .run(let program, let programArguments):
            do {
                _ = try Confinement.apply(invocation.policy, program: program, parent: invocation.parent)
            } catch { return fail("\(error)", confinementFailed) }
            return become(program, programArguments)
        case .perform(let name, let workArguments):
            guard let work = works[name] else { return fail("there is no work named \(name)", usageError) }
            do {
                _ = try Confinement.apply(invocation.policy, program: nil, parent: invocation.parent)
            } catch { return fail("\(error)", confinementFailed) }
            return work(workArguments)
        }
    }

    private static func become(_ program: String, _ arguments: [String]) -> Int32 {
        let environment = ["LC_ALL=C.UTF-8", "MALLOC_ARENA_MAX=4"]
        let argumentPointers = ([program] + arguments).map { strdup($0) } + [nil]
        let environmentPointers = environment.map { strdup($0) } + [nil]
        guard let path = ProgramPath.pointer else { return notStarted }
        execve(path, argumentPointers, environmentPointers)
        return fail("\(program): \(String(cString: strerror(errno)))", notStarted)
    }

    private static func fail(_ message: String, _ status: Int32) -> Int32 {
        let line = Array("palco sandbox: \(message)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        return status
    }
}
