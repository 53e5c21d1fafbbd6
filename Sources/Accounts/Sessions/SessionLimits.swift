import FoundationEssentials

/// How long a session lasts, in seconds.
struct SessionLimits: Sendable {
    /// Without being used.
    let idle: TimeInterval
    /// However it is used.
    let absolute: TimeInterval

    /// When a session ends that is used at `moment`.
    func end(of start: Date, usedAt moment: Date) -> Date { min(moment + idle, start + absolute) }
}
