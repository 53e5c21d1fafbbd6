import Reactor
import SQL

/// Looks at all that Palco needs, changes nothing, and says how to mend what is wrong.
public struct Doctor: Sendable {
    let settings: Settings
    let migrations: [MigrationSet]

    public init(settings: Settings, migrations: [MigrationSet]) {
        self.settings = settings
        self.migrations = migrations
    }

    /// All findings, in the order in which a start would need the things.
    public func examine() async throws -> [Finding] {
        let loop = try EventLoop(name: "doctor")
        var findings = await toolFindings(on: loop)
        findings += folderFindings()
        findings.append(await databaseFinding())
        findings += await folderFindings(of: settings.database)
        findings += await kafkaFindings()
        findings += await mailFindings()
        findings += try await redisFindings(on: loop)
        findings += await bucketFindings()
        findings += certificateFindings()
        findings += limitFindings()
        findings += try await passwordFindings()
        findings += sandboxFindings()
        return findings
    }
}
