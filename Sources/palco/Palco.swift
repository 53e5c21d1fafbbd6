import App
import Glibc
import Reactor
import Sandbox

/// The front door: decides what was asked for and ends with the status that says how it went.
@main
struct Palco {
    static func main() {
        SandboxCommand.runIfRequested(CommandLine.arguments)
        start(Array(CommandLine.arguments.dropFirst()))
        // Not an async `main`: that one waits in libdispatch, which lets through the signals that were blocked here, and
        // SIGTERM would end the process at once.
        while true { pause() }
    }

    /// Nonisolated: closures made here may run on event loops.
    nonisolated private static func start(_ arguments: [String]) {
        let command = Result { try Command(arguments) }
        var signals: SignalStream?
        // In the first thread, before there is another: threads inherit what is blocked.
        if case .success(.serve) = command { signals = try? SignalStream([.terminate, .interrupt]) }
        let stream = signals
        Task.detached { exit(await run(command, signals: stream)) }
    }

    nonisolated private static func run(_ command: Result<Command, any Error>, signals: SignalStream?) async -> Int32 {
        do {
            switch try command.get() {
            case .help(let topic): print(topic.text)
            case .version: print("palco \(Version.current)")
            case .serve(let options): try await ServeCommand.run(options, signals: signals)
            case .createAdministrator(let options): try await AdminCommand.create(options)
            case .doctor(let options): return try await DoctorCommand.run(options)
            }
            return ExitStatus.success
        } catch let error as UsageError {
            complain("\(error.message)\nTry: palco \(error.topic.name) --help".replacing("  ", with: " "))
            return ExitStatus.usage
        } catch let error as SettingError {
            complain("\(error)")
            return ExitStatus.configuration
        } catch {
            complain("\(error)")
            return ExitStatus.failure
        }
    }

    nonisolated private static func complain(_ line: String) {
        let bytes = Array("palco: \(line)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}

/// Exit statuses, after sysexits.h.
enum ExitStatus {
    static let success: Int32 = 0
    static let failure: Int32 = 1
    static let usage: Int32 = 64
    static let configuration: Int32 = 78
}
