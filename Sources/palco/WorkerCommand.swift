import App
import Reactor
import Telemetry

/// `palco worker` and `palco workers`
enum WorkerCommand {
    static func run(_ options: Command.Options) async throws {
        let settings = try options.settings()
        let signals = try SignalStream([.terminate, .interrupt])
        try await WorkerProcess.run(settings, log: .standardOutput(level: settings.logLevel), signals: signals)
    }

    static func list(_ options: Command.Options) async throws {
        print(try await Server.workerTable(try options.settings()))
    }
}
