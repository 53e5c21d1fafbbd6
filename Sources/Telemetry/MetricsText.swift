/// Numbers about the process in the text format of Prometheus, version 0.0.4.
public struct MetricsText: Sendable {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// What a number is about, in the order in which it is written. Values should come from a small, closed set.
    public typealias Labels = KeyValuePairs<StaticString, String>

    public enum Kind: String, Sendable {
        /// Only grows, from the start of the process; its name ends with `_total`.
        case counter
        case gauge, histogram
    }

    public private(set) var text = ""
    private var name = ""

    public init() {}

    /// Begins a family: all samples of one name stand together, below its help.
    ///
    /// - Parameter name: with its unit, and of the base units only: seconds, bytes.
    public mutating func family(_ name: StaticString, _ kind: Kind, _ help: StaticString) {
        self.name = "\(name)"
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    public mutating func sample(_ value: Int, _ labels: Labels = [:]) { line("", labels, value: "\(value)") }
    public mutating func sample(_ value: Double, _ labels: Labels = [:]) { line("", labels, value: "\(value)") }

    public mutating func sample(_ histogram: Histogram, _ labels: Labels = [:]) {
        var count = 0
        for bucket in histogram.cumulative {
            line("_bucket", labels, bound: bucket.bound, value: "\(bucket.count)")
            count = bucket.count
        }
        line("_sum", labels, value: "\(Double(histogram.nanoseconds) / 1e9)")
        line("_count", labels, value: "\(count)")
    }

    private mutating func line(_ suffix: String, _ labels: Labels, bound: String? = nil, value: String) {
        var pairs = labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }
        if let bound { pairs.append("le=\"\(bound)\"") }
        text += name + suffix
        if !pairs.isEmpty { text += "{\(pairs.joined(separator: ","))}" }
        text += " \(value)\n"
    }

    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x22 || $0 == 0x5C || $0 == 0x0A }) else { return value }
        return value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
