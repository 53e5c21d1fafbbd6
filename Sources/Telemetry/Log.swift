/// The structured log: a level, a fixed message and fields. Messages are literals, so that what varies is always a field,
/// and fields whose names speak of secrets are masked.
///
/// Writing never waits: see `StandardOutput`.
public struct Log: Sendable {
    public let level: LogLevel
    private let form: LogForm
    private let sink: any LogSink
    /// Fields of `with(_:)`, rendered once.
    private var context: [UInt8] = []

    public init(level: LogLevel = .info, form: LogForm = .json, sink: any LogSink) {
        self.level = level
        self.form = form
        self.sink = sink
    }

    /// To stdout: JSON lines, or the readable form where stdout is a terminal.
    public static func standardOutput(level: LogLevel = .info) -> Log {
        Log(level: level, form: StandardOutput.preferredForm, sink: StandardOutput.shared)
    }

    /// Says nothing; for tests and tools.
    public static let silent = Log(level: .error, sink: Silence())

    /// The same log, with these fields in each line.
    public func with(_ fields: LogFields) -> Log {
        var log = self
        log.context += form.rendered(fields)
        return log
    }

    public func debug(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        say(.debug, message, fields)
    }

    public func info(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        say(.info, message, fields)
    }

    public func warning(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        say(.warning, message, fields)
    }

    public func error(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        say(.error, message, fields)
    }

    /// Waits until what was said so far is written; for the end of the process.
    public func flush() { sink.flush() }

    private func say(_ level: LogLevel, _ message: StaticString, _ fields: () -> LogFields) {
        guard level >= self.level else { return }
        sink.write(
            form.line(at: .now(), level: level, message: message.description, context: context, fields: fields()))
    }
}
