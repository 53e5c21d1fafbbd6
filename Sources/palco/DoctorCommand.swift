import App

/// `palco doctor`
enum DoctorCommand {
    static func run(_ options: Command.Options) async throws -> Int32 {
        let doctor = Doctor(settings: try options.settings(), migrations: Server.migrations)
        let findings = try await doctor.examine()
        for finding in findings { print(finding.text) }
        guard findings.contains(where: { $0.state == .bad }) else {
            print("\nPalco can run here.")
            return ExitStatus.success
        }
        print("\nPalco cannot run like this; what to do is written above.")
        return ExitStatus.failure
    }
}
