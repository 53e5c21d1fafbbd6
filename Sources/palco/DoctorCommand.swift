import App

/// `palco doctor`
enum DoctorCommand {
    static func run(_ options: Command.Options) async throws -> Int32 {
        let (good, bad): (String, String)
        let findings: [Finding]
        if let url = options.url {
            findings = try await OutsideDoctor.examine(url)
            (good, bad) = (
                "Palco can be used by this address.", "Something on the way is wrong; what to do is written above."
            )
        } else {
            findings = try await Doctor(settings: try options.settings(), migrations: Server.migrations).examine()
            (good, bad) = ("Palco can run here.", "Palco cannot run like this; what to do is written above.")
        }
        for finding in findings { print(finding.text) }
        let isGood = !findings.contains { $0.state == .bad }
        print("\n\(isGood ? good : bad)")
        return isGood ? ExitStatus.success : ExitStatus.failure
    }
}
