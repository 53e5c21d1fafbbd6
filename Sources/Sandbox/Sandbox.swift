import Glibc

/// Turns a command into the same command, confined.
public struct Sandbox: Sendable {
    /// The `palco` executable that confines itself and then becomes the wanted program.
    public let launcher: String

    /// Throws when there is no `palco` beside the running program (`/proc/self/exe`).
    public init() throws(SandboxError) {
        guard let folder = Self.folderOfRunningProgram() else {
            throw SandboxError(step: "/proc/self/exe", errno: errno)
        }
        try self.init(launcher: folder + "/palco")
    }

    public init(launcher: String) throws(SandboxError) {
        guard access(launcher, X_OK) == 0 else { throw SandboxError(step: launcher, errno: errno) }
        self.launcher = launcher
    }

    /// The executable and arguments to start for running `program` under `policy`. `program` is an absolute path.
    public func command(
        _ program: String, _ arguments: [String], policy: SandboxPolicy
    ) -> (executable: String, arguments: [String]) {
        (launcher, ["sandbox"] + policy.options(parent: getpid()) + ["--", program] + arguments)
    }

    /// Starts a confined process that tells what is active in it. Blocks for some milliseconds; for `palco doctor`.
    public func report() throws(SandboxError) -> SandboxReport {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SandboxError(step: "pipe", errno: errno) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        let words: [String] = [launcher, "sandbox", "--report"]
        let arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        let outcome = posix_spawn(&child, launcher, &actions, nil, arguments, [nil])
        close(ends[1])
        defer { close(ends[0]) }
        guard outcome == 0 else { throw SandboxError(step: launcher, errno: outcome) }
        let text = Self.readAll(ends[0])
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw SandboxError(step: "confinement", errno: ENOTSUP) }
        return SandboxReport(text: text)
    }

    private static func readAll(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    private static func folderOfRunningProgram() -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let start = bytes.baseAddress else { return 0 }
            return readlink("/proc/self/exe", start, bytes.count)
        }
        guard count > 0 else { return nil }
        let path = String(decoding: buffer[..<count], as: UTF8.self)
        guard let slash = path.lastIndex(of: "/") else { return nil }
        return String(path[..<slash])
    }
}
