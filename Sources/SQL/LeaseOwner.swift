import FoundationEssentials
import Glibc
import Synchronization

/// Who holds leases and other things that end with a process: one service of one process. Its name tells everyone on the same
/// machine whether that process is still there.
public struct LeaseOwner: Sendable, Hashable, CustomStringConvertible {
    /// Of this process that are not closed yet.
    private static let open = Mutex<Set<LeaseOwner>>([])

    /// The machine since it was started, and the processes that see each other in it (pid_namespaces(7)).
    private let place: String
    private let process: Int32
    /// When the process began, in the kernel's ticks: numbers are given again.
    private let start: String
    /// Tells services of one process apart.
    private let number: UInt32

    /// The caller's; it is alive until `close`.
    public init() {
        place = Self.thisPlace
        process = getpid()
        start = Self.start(of: process) ?? ""
        number = .random(in: 0...(.max))
        Self.open.withLock { [self] in _ = $0.insert(self) }
    }

    /// Nil for a name that no process writes.
    public init?(_ name: String) {
        let parts = name.split(separator: "/").map(String.init)
        guard parts.count == 4, let process = Int32(parts[1]), let number = UInt32(parts[3]) else { return nil }
        (place, self.process, start, self.number) = (parts[0], process, parts[2], number)
    }

    public var description: String { "\(place)/\(process)/\(start)/\(number)" }

    public func close() { Self.open.withLock { [self] in _ = $0.remove(self) } }

    /// Nobody works under this name any more. Of other machines nobody here knows: their leases end by themselves.
    public var isGone: Bool {
        guard place == Self.thisPlace else { return false }
        if process == getpid(), start == Self.start(of: process) {
            return !Self.open.withLock { [self] in $0.contains(self) }
        }
        return Self.start(of: process) != start
    }

    private static let thisPlace: String = {
        let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        var status = stat()
        let space = stat("/proc/self/ns/pid", &status) == 0 ? "\(status.st_ino)" : ""
        return (boot ?? "").filter { !$0.isWhitespace && $0 != "/" } + "-" + space
    }()

    /// The 22nd field of its status (proc(5)); nil for a process that is not there.
    private static func start(of process: Int32) -> String? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[end...].split(separator: " ")
        return fields.count > 20 ? String(fields[20]) : nil
    }
}
