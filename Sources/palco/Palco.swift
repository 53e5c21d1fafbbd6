import App
import Glibc
import Reactor
import Sandbox

/// The front door: decides what was asked for and ends with the status that says how it went.
@main
struct Palco {
    static func main() async {
        SandboxCommand.runIfRequested(
            CommandLine.arguments, works: [Server.mediaReaderName: { Server.readMedia($0) }])
        Allocator.keepAnArenaForEachCore()
        let status = await run(Array(CommandLine.arguments.dropFirst()))
        exit(status)
    }

    /// Nonisolated: closures made here may run on event loops.
    nonisolated private static func run(_ arguments: [String]) async -> Int32 {
        do {
            switch try Command(arguments) {
            case .help(let topic): print(topic.text)
            case .version: print("palco \(Version.current)")
            case .serve(let options): try await ServeCommand.run(options)
            case .worker(let options): try await WorkerCommand.run(options)
            case .workers(let options): try await WorkerCommand.list(options)
            case .createAdministrator(let options): try await AdminCommand.create(options)
            case .unlockAccount(let options): try await AdminCommand.unlock(options)
            case .user(let verb, let options): try await UserCommand.run(verb, options)
            case .token(let verb, let options): try await TokenCommand.run(verb, options)
            case .exportAudit(let options): try await AuditCommand.export(options)
            case .rotateKeys(let options): try await KeysCommand.rotate(options)
            case .showMigrations(let options): try await DatabaseCommand.show(options)
            case .migrate(let options): try await DatabaseCommand.migrate(options)
            case .copyDatabase(let options): try await DatabaseCommand.copy(options)
            case .copyStorage(let options): try await StorageCommand.copy(options)
            case .moveStorage(let options): try await StorageCommand.move(options)
            case .backUp(let folder, let options): return try await ArchiveCommand.backUp(folder, options)
            case .restore(let folder, let options): return try await ArchiveCommand.restore(folder, options)
            case .verify(let options): return try await ArchiveCommand.verify(options)
            case .export(let folder, let options): return try await ArchiveCommand.export(folder, options)
            case .importing(let folder, let options): return try await ArchiveCommand.importing(folder, options)
            case .doctor(let options): return try await DoctorCommand.run(options)
            }
            return ExitStatus.success
        } catch let error as UsageError {
            complain("\(error.message)\nTry: palco \(error.topic.name) --help".replacing("  ", with: " "))
            return ExitStatus.usage
        } catch let error as DataError {
            complain(error.message)
            return ExitStatus.data
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
    static let data: Int32 = 65
    static let configuration: Int32 = 78
}
