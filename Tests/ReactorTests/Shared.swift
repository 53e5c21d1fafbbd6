import Glibc
import Synchronization

@testable import Reactor

/// A value that several tasks of a test change.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) {
        self.value = Mutex(value)
    }

    func withLock<T: Sendable>(_ body: (inout Value) -> T) -> T {
        value.withLock { value in body(&value) }
    }
}

/// The letter of proc(5); nil for a process that is gone.
func processState(_ pid: pid_t) -> Character? {
    guard let file = fopen("/proc/\(pid)/stat", "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = fread(&bytes, 1, bytes.count, file)
    let text = String(decoding: bytes.prefix(count), as: UTF8.self)
    return text.split(separator: ")").last?.first { $0 != " " }
}

func shell(
    _ script: String, timeLimit: Duration = .seconds(120), maxOutputBytes: Int = 1 << 20
) -> ChildProcess.Configuration {
    ChildProcess.Configuration(
        executable: "/bin/sh", arguments: ["-c", script], environment: ["LANG=C"], timeLimit: timeLimit,
        maxOutputBytes: maxOutputBytes, keptErrorBytes: 16)
}
