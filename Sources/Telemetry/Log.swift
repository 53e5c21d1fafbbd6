/// The structured log: a level, a fixed message and fields. Messages are literals, so that what varies is always a field,
/// and fields whose names speak of secrets are masked.
///
/// Writing never waits: see `StandardOutput`.
public struct Log: Sendable {
    /// Behind one reference, because each request's context carries a log.
    private final class Core: Sendable {
        let level: LogLevel
        let form: LogForm
        let sink: any LogSink
        /// Fields of `with(_:)`, rendered once.
        let context: [UInt8]

        init(_ level: LogLevel, _ form: LogForm, _ sink: any LogSink, context: [UInt8]) {
            self.level = level
            self.form = form
            self.sink = sink
            self.context = context
        }
    }

    private let core: Core

    public var level: LogLevel { core.level }

    public init(level: LogLevel = .info, form: LogForm = .json, sink: any LogSink) {
        core = Core(level, form, sink, context: [])
    }

    private init(_ core: Core) { self.core = core }

    /// To stdout: JSON lines, or the readable form where stdout is a terminal.
    public static func standardOutput(level: LogLevel = .info) -> Log {
        Log(level: level, form: StandardOutput.preferredForm, sink: StandardOutput.shared)
    }

    /// Says nothing; for tests and tools.
    public static let silent = Log(level: .error, sink: Silence())

    /// The same log, with these fields in each line.
    public func with(_ fields: LogFields) -> Log {
        Log(Core(core.level, core.form, core.sink, context: core.context + LogLine.rendered(fields, core.form)))
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

    /// For lines that are said with each request: their fields go into the line without a list of them being built first.
    public func info(_ message: StaticString, writing write: (inout LogLine) -> Void) {
        guard .info >= core.level else { return }
        var line = LogLine(core.form, at: .now(), level: .info, message: message.description, context: core.context)
        write(&line)
        core.sink.write(line.finished())
    }

    /// Waits until what was said so far is written; for the end of the process.
    public func flush() { core.sink.flush() }

    private func say(_ level: LogLevel, _ message: StaticString, _ fields: () -> LogFields) {
        guard level >= core.level else { return }
        var line = LogLine(core.form, at: .now(), level: level, message: message.description, context: core.context)
        line.add(fields())
        core.sink.write(line.finished())
    }
}
