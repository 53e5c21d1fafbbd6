import Sandbox
import Telemetry
import Testing

@testable import App
@testable import TestSupport

@Suite("A machine that gives no safe sandbox")
struct SandboxCheckTests {
    private struct NoChild: Error {}

    static var complete: SandboxReport {
        var report = SandboxReport()
        report.landlockABI = 5
        report.systemCallFilter = true
        report.noNewPrivileges = true
        report.limits = true
        return report
    }

    static func without(_ protection: SandboxReport.Protection) -> SandboxReport {
        var report = complete
        switch protection {
        case .landlock: report.landlockABI = 0
        case .seccomp, .network: report.systemCallFilter = false
        case .privileges: report.noNewPrivileges = false
        case .limits: report.limits = false
        }
        return report
    }

    @Test("What is required and missing is told by name", arguments: SandboxReport.Protection.allCases)
    func missing(protection: SandboxReport.Protection) {
        #expect(Self.complete.missing.isEmpty)
        #expect(Self.without(protection).missing.contains(protection))
        var withNamespace = Self.without(.network)
        withNamespace.networkNamespace = true
        #expect(withNamespace.missing == [.seccomp])
        #expect(SandboxReport().missing == SandboxReport.Protection.allCases)
    }

    @Test("Uploads are refused and the log names what is missing, until a setting accepts it")
    func uploads() async throws {
        let folder = try TemporaryFolder()
        for accepted in [[], [.seccomp], [.landlock]] as [Set<SandboxReport.Protection>] {
            let house = try await AppHouse(
                in: folder, { $0.acceptedSandboxWeaknesses = accepted }, sandboxReport: { Self.without(.landlock) })
            let isAccepted = accepted.contains(.landlock)
            let line = try #require(house.log.lines.first { $0.contains("sandbox") })
            #expect(line.contains("landlock") && line.contains(isAccepted ? "warning" : "error"), "\(line)")
            try await house.serving { port in
                let client = try await FeatureTests.signedIn(.socket, house, port)
                let form = FeatureTests.form(Array("no video".utf8))
                let sent = try await client.send(.post, "/api/v1/videos", form.headers, body: form.body)
                let made = try await client.send(
                    .post, "/api/v1/uploads",
                    [("Tus-Resumable", "1.0.0"), ("Upload-Length", "10"), ("Upload-Metadata", "filename eA==")])
                if isAccepted {
                    #expect(sent.status == 422 && made.status == 201)
                } else {
                    #expect(sent.status == 503 && sent["code"] == "sandbox_unavailable")
                    #expect(made.status == 503 && made["code"] == "sandbox_unavailable")
                }
            }
        }
    }

    @Test("An upload that was begun before does not go on")
    func begun() async throws {
        let folder = try TemporaryFolder()
        let tus = ("Tus-Resumable", "1.0.0")
        var address = ""
        for isSafe in [true, false] {
            let house = try await AppHouse(
                in: folder, sandboxReport: { isSafe ? Self.complete : Self.without(.seccomp) })
            try await house.serving { port in
                let client = try await FeatureTests.signedIn(.socket, house, port)
                if isSafe {
                    let made = try await client.send(
                        .post, "/api/v1/uploads", [tus, ("Upload-Length", "10"), ("Upload-Metadata", "filename eA==")])
                    address = try #require(made.headers["location"])
                } else {
                    let answer = try await client.send(
                        .patch, address,
                        [tus, ("Upload-Offset", "0"), ("Content-Type", "application/offset+octet-stream")],
                        body: Array("0123456789".utf8))
                    #expect(answer.status == 503 && answer["code"] == "sandbox_unavailable")
                }
            }
        }
    }

    @Test("The doctor says the same")
    func doctor() throws {
        var settings = Settings()
        func finding(_ report: () throws -> SandboxReport) throws -> Finding {
            let findings = Doctor(settings: settings, migrations: []).sandboxFindings(report)
            return try #require(findings.last)
        }
        #expect(try finding { Self.complete }.state == .good)
        let bad = try finding { Self.without(.landlock) }
        #expect(bad.state == .bad && bad.detail.contains("landlock"))
        #expect(bad.mend?.contains("PALCO_ACCEPT_WEAK_SANDBOX=landlock") == true)
        #expect(try finding { throw NoChild() }.state == .bad)
        settings.acceptedSandboxWeaknesses = [.landlock]
        #expect(try finding { Self.without(.landlock) }.state == .weak)
    }

    @Test("The setting takes names of protections and no others")
    func setting() throws {
        func accepted(_ value: String) throws -> Set<SandboxReport.Protection> {
            try SettingsReader.read(environment: ["PALCO_ACCEPT_WEAK_SANDBOX": value], file: nil)
                .acceptedSandboxWeaknesses
        }
        #expect(try accepted("landlock, network") == [.landlock, .network])
        #expect(throws: SettingError.self) { try accepted("landlock,all") }
        #expect(throws: SettingError.self) { try accepted("yes") }
    }
}
