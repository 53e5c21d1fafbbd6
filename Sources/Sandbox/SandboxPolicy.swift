/// What a confined program may touch and how much of the machine it may use.
///
/// Everything that is not named here is refused: other files, all networks, new processes, new privileges.
public struct SandboxPolicy: Sendable, Equatable {
    /// Files or folders that may be read, beside the program and the system's libraries.
    public var readable: [String]
    /// Folders in which files may be made, written and removed.
    public var writable: [String]
    public var limits: Limits
    /// 0 (normal) ... 19 (only when nobody else wants the processor).
    public var niceness: Int

    public struct Limits: Sendable, Equatable {
        public var cpuSeconds: UInt64
        public var addressSpaceBytes: UInt64
        /// The largest file that may be written.
        public var fileBytes: UInt64
        public var openFiles: UInt64

        public init(
            cpuSeconds: UInt64 = 3600, addressSpaceBytes: UInt64 = 6 << 30, fileBytes: UInt64 = 2 << 30,
            openFiles: UInt64 = 256
        ) {
            self.cpuSeconds = cpuSeconds
            self.addressSpaceBytes = addressSpaceBytes
            self.fileBytes = fileBytes
            self.openFiles = openFiles
        }
    }

    public init(readable: [String] = [], writable: [String] = [], limits: Limits = Limits(), niceness: Int = 10) {
        self.readable = readable
        self.writable = writable
        self.limits = limits
        self.niceness = niceness
    }
}

extension SandboxPolicy {
    /// The policy as options of `palco sandbox`; `parent` is the process whose death ends the confined one.
    func options(parent: Int32) -> [String] {
        var options = ["--parent", "\(parent)"]
        for path in readable { options += ["--read", path] }
        for path in writable { options += ["--write", path] }
        options += ["--cpu-seconds", "\(limits.cpuSeconds)", "--memory-bytes", "\(limits.addressSpaceBytes)"]
        options += ["--file-bytes", "\(limits.fileBytes)", "--open-files", "\(limits.openFiles)"]
        return options + ["--nice", "\(niceness)"]
    }
}
