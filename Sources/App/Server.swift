import Reactor
import SQL
import Telemetry

/// The server as a whole: started by the command line and by tests.
public enum Server {
    /// The migrations of all rooms, in the order in which they are applied.
    public static let migrations: [MigrationSet] = []

    /// Serves until a signal says stop.
    public static func run(_ settings: Settings, log: Log, signals: SignalStream) async throws {
        _ = await signals.next(on: try EventLoop())
    }

    /// An administrator that was made, with the password where none was given.
    public struct MadeAdministrator: Sendable {
        public let email: String
        public let generatedPassword: String?
    }

    public static func createAdministrator(_ settings: Settings, email: String) async throws -> MadeAdministrator {
        throw SettingError(name: "palco admin create", advice: "is not wired yet")
    }
}
