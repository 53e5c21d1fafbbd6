import App
import Reactor
import Telemetry

/// `palco serve`
enum ServeCommand {
    static func run(_ options: Command.Options) async throws {
        let settings = try options.settings()
        let signals = try SignalStream(Server.signals(for: settings))
        try await Server.run(settings, log: .standardOutput(level: settings.logLevel), signals: signals)
    }
}
