import Accounts
import Encoding
import FoundationEssentials
import HTTP
import Reactor
import Web

/// What administrators see of the server itself: settings and how it stands. Nothing can be changed here.
struct AdministrationRoutes: Sendable {
    private let settings: Settings
    private let system: KeptAnswer<SystemBody>

    init(_ services: Server.Services, settings: Settings, now: @escaping @Sendable () -> MonotonicTime = { .now }) {
        self.settings = settings
        let versions = KeptAnswer(for: .seconds(300), now: now) { await ToolVersions(services, settings) }
        system = KeptAnswer(for: .seconds(5), now: now) {
            SystemBody(services, await StoredCounts(services), await versions(), settings)
        }
    }

    func add(to router: RouterBuilder) {
        let admin = router.group("/api/v1/admin", access: .role(Role.admin.rawValue), bodyLimit: 0)
        admin.get("/settings") { _, _ in try .json(SettingsBody(data: settings.reports)) }
        admin.get("/system") { _, _ in try .json(await system()) }
    }
}

private struct SettingsBody: Encodable {
    var data: [SettingReport]
}

/// What the programs and the database say of themselves; nil for what does not answer.
struct ToolVersions: Sendable {
    let ffmpeg: String?
    let ffprobe: String?
    let database: String?

    init(_ services: Server.Services, _ settings: Settings) async {
        let loop = services.loops.next()
        ffmpeg = await Doctor.version(of: settings.ffmpegPath, on: loop)
        ffprobe = await Doctor.version(of: settings.ffprobePath, on: loop)
        let question =
            services.database.isShared
            ? "SELECT current_setting('server_version') AS version" : "SELECT sqlite_version() AS version"
        database = try? await services.database.read { try $0.first(question)?.value("version") }
    }
}
