import Reactor

/// Counts frames that cost us something and bring nobody anything: a peer may send some at once and a few a second.
///
/// - Why: each is allowed by the standard, and none needs an answer that would slow the sender (RFC 9113 10.5).
/// - What if not: PING, SETTINGS, PRIORITY, empty DATA, WINDOW_UPDATE and unknown frames keep a loop busy for nothing
///   (CVE-2019-9512 to 9518), and so do streams that end as soon as they have begun (CVE-2023-44487, CVE-2025-8671).
struct HTTP2FloodGuard {
    /// So many may come at once.
    static let burst = 1_000
    /// So many more a second.
    static let perSecond = 50
    /// A frame of DATA that we sent may be answered by so many WINDOW_UPDATEs.
    static let windowUpdatesPerFrame = 4

    private var tokens = HTTP2FloodGuard.burst
    private var windowUpdates = HTTP2FloodGuard.burst
    private var refilledAt: MonotonicTime

    init(now: MonotonicTime) { refilledAt = now }

    /// - Returns: false when it is too much.
    mutating func allows(cost: Int = 1, now: MonotonicTime) -> Bool {
        let earned = (now - refilledAt).wholeNanoseconds / (1_000_000_000 / Int64(Self.perSecond))
        if earned > 0 {
            tokens = Int(min(Int64(Self.burst), earned.addingReportingOverflow(Int64(tokens)).partialValue))
            refilledAt = now
        }
        tokens -= cost
        return tokens >= 0
    }

    mutating func allowsWindowUpdate(now: MonotonicTime) -> Bool {
        if windowUpdates > 0 {
            windowUpdates -= 1
            return true
        }
        return allows(now: now)
    }

    mutating func sentData() {
        windowUpdates = min(windowUpdates + Self.windowUpdatesPerFrame, 1 << 30)
    }
}
