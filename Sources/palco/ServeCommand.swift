import App
import Reactor
import Telemetry

/// `palco serve`
enum ServeCommand {
    static func run(_ options: Command.Options, signals: SignalStream?) async throws {
        let settings = try options.settings()
        let signals = try signals ?? SignalStream([.terminate, .interrupt])
        try await Server.run(settings, log: .standardOutput(level: settings.logLevel), signals: signals)
    }
}
