/// What protects this machine from a hostile file while it is decoded, as measured inside a confined process.
public struct SandboxReport: Sendable, Equatable {
    /// The version of Landlock in force; 0 where the kernel has none.
    public var landlockABI = 0
    public var systemCallFilter = false
    public var networkNamespace = false
    public var noNewPrivileges = false
    public var capabilitiesDropped = false
    public var limits = false
    public var lowPriority = false
    public var diesWithServer = false

    /// Nothing is active.
    public init() {}

    /// What must be active before files of strangers are read. The names are those of `PALCO_ACCEPT_WEAK_SANDBOX`.
    public enum Protection: String, Sendable, CaseIterable {
        /// Only the files of its task can be reached.
        case landlock
        /// Only the system calls that ffmpeg needs exist.
        case seccomp
        /// No network can be reached, by its own empty one or by a refusal of sockets.
        case network
        case privileges
        /// Processor time, memory, file size and open files are bounded.
        case limits
    }

    /// What is required and not active here; empty where files of strangers can be read.
    public var missing: [Protection] {
        Protection.allCases.filter { protection in
            switch protection {
            case .landlock: landlockABI == 0
            case .seccomp: !systemCallFilter
            case .network: !systemCallFilter && !networkNamespace
            case .privileges: !noNewPrivileges
            case .limits: !limits
            }
        }
    }

    /// One line per protection: its name, whether it is active, and a word about it.
    public var lines: [(name: String, isActive: Bool, detail: String)] {
        [
            ("landlock", landlockABI > 0, landlockABI > 0 ? "ABI \(landlockABI)" : "the kernel has none"),
            ("seccomp", systemCallFilter, "the system calls that ffmpeg needs, no others"),
            ("network namespace", networkNamespace, networkNamespace ? "an empty one" : "not permitted here"),
            ("no new privileges", noNewPrivileges, ""),
            ("capabilities", capabilitiesDropped, "given up"),
            ("limits", limits, "processor time, memory, file size, open files"),
            ("low priority", lowPriority, ""),
            ("ends with the server", diesWithServer, ""),
        ]
    }
}

extension SandboxReport {
    private static let fields: [(String, any WritableKeyPath<SandboxReport, Bool> & Sendable)] = [
        ("seccomp", \.systemCallFilter), ("network_namespace", \.networkNamespace),
        ("no_new_privileges", \.noNewPrivileges), ("capabilities_dropped", \.capabilitiesDropped),
        ("limits", \.limits), ("low_priority", \.lowPriority), ("dies_with_server", \.diesWithServer),
    ]

    /// `name=value` lines, as `palco sandbox --report` prints them.
    var text: String {
        (["landlock=\(landlockABI)"] + Self.fields.map { "\($0.0)=\(self[keyPath: $0.1])" })
            .joined(separator: "\n") + "\n"
    }

    init(text: some StringProtocol) {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            if parts[0] == "landlock" { landlockABI = Int(parts[1]) ?? 0 }
            for (name, field) in Self.fields where name == parts[0] { self[keyPath: field] = parts[1] == "true" }
        }
    }
}
