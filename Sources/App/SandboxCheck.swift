import Sandbox
import Telemetry

/// Whether files of strangers may be read on this machine: what the kernel does not give for the sandbox, and what of
/// that the operator accepts by name.
struct SandboxCheck {
    /// Why no confined process could be started; nil where one was.
    private(set) var failure: String?
    let missing: [SandboxReport.Protection]
    let accepted: Set<SandboxReport.Protection>

    /// - Parameter report: starts a confined process and answers what is active in it.
    init(accepting accepted: Set<SandboxReport.Protection>, report: () throws -> SandboxReport) {
        self.accepted = accepted
        do {
            missing = try report().missing
        } catch {
            failure = "\(error)"
            missing = SandboxReport.Protection.allCases
        }
    }

    /// What is missing and not accepted: uploads are refused because of it.
    var refused: [SandboxReport.Protection] { missing.filter { !accepted.contains($0) } }

    var acceptsUploads: Bool { refused.isEmpty }

    func write(to log: Log) {
        guard !missing.isEmpty else { return }
        let names = missing.map(\.rawValue).joined(separator: ",")
        var fields: LogFields = ["missing": "\(names)"]
        if let failure { fields["reason"] = "\(failure)" }
        if acceptsUploads {
            log.warning("the sandbox is weak, and PALCO_ACCEPT_WEAK_SANDBOX accepts it", fields)
        } else {
            log.error("the kernel gives no safe sandbox: uploads are refused", fields)
        }
    }
}
