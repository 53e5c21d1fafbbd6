import FoundationEssentials
import Glibc
import Telemetry

/// What the kernel knows of this process, under the names that all programs use which Prometheus watches.
struct ProcessNumbers: Sendable {
    let cpuSeconds: Double
    let startTime: Double
    let virtualBytes: Int
    let residentBytes: Int
    let threads: Int
    let openFiles: Int
    let maxFiles: Int

    /// Nil where there is no `/proc`. Reads small files that are never on a disk.
    static func read() -> ProcessNumbers? {
        guard let status = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let system = try? String(contentsOfFile: "/proc/stat", encoding: .utf8)
        else { return nil }
        return ProcessNumbers(status: status, system: system, openFiles: openFileCount(), maxFiles: fileLimit())
    }

    /// - Parameters:
    ///   - status: `/proc/self/stat` (proc(5)).
    ///   - system: `/proc/stat`, for the time at which the machine started.
    init?(status: String, system: String, openFiles: Int, maxFiles: Int) {
        // The name in parentheses may hold anything; what follows it begins with the third field.
        guard let end = status.lastIndex(of: ")") else { return nil }
        let fields = status[end...].dropFirst().split(separator: " ")
        func field(_ number: Int) -> Int? { fields.count > number - 3 ? Int(fields[number - 3]) : nil }
        guard let user = field(14), let kernel = field(15), let threads = field(20), let start = field(22),
            let virtual = field(23), let pages = field(24),
            let boot = system.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let bootTime = Double(boot.dropFirst(6))
        else { return nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        cpuSeconds = Double(user) / ticks + Double(kernel) / ticks
        startTime = bootTime + Double(start) / ticks
        virtualBytes = virtual
        residentBytes = pages * sysconf(Int32(_SC_PAGESIZE))
        self.threads = threads
        self.openFiles = openFiles
        self.maxFiles = maxFiles
    }

    private static func openFileCount() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while let entry = readdir(folder) { if entry.pointee.d_name.0 != 0x2E { count += 1 } }
        // The folder itself was open while they were counted.
        return count - 1
    }

    private static func fileLimit() -> Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }

    func write(to text: inout MetricsText) {
        text.family("process_cpu_seconds_total", .counter, "Time of processors that was used.")
        text.sample(cpuSeconds)
        text.family("process_start_time_seconds", .gauge, "When the process started, in seconds since 1970.")
        text.sample(startTime)
        text.family("process_virtual_memory_bytes", .gauge, "Size of the address space.")
        text.sample(virtualBytes)
        text.family("process_resident_memory_bytes", .gauge, "Memory in use.")
        text.sample(residentBytes)
        text.family("process_threads", .gauge, "Threads.")
        text.sample(threads)
        text.family("process_open_fds", .gauge, "Open files and sockets.")
        text.sample(openFiles)
        text.family("process_max_fds", .gauge, "How many files and sockets may be open.")
        text.sample(maxFiles)
    }
}
