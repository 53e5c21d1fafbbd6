import Reactor

/// Counts frames that cost us something and bring nobody anything: a peer may send some at once and a few a second.
///
/// - Why: each is allowed by the standard, and none needs an answer that would slow the sender (RFC 9113 10.5).
/// - What if not: PING, SETTINGS, PRIORITY, empty DATA, WINDOW_UPDATE and unknown frames keep a loop busy for nothing
///   (CVE-2019-9512 to 9518), and so do streams that end as soon as they have begun (CVE-2023-44487, CVE-2025-8671).
struct HTTP2FloodGuard {
    /// So many may come at once, and so many more a second.
    static let burst = 1_000
    static let perSecond = 50
    private static let rule = TokenBucket.Rule(burst: burst, interval: .seconds(1) / perSecond)
    /// A frame of DATA that we sent may be answered by so many WINDOW_UPDATEs.
    static let windowUpdatesPerFrame = 4

    private var bucket: TokenBucket
    private var windowUpdates = HTTP2FloodGuard.burst

    init(now: MonotonicTime) { bucket = TokenBucket(now: now) }

    /// - Returns: false when it is too much.
    mutating func allows(cost: Int = 1, now: MonotonicTime) -> Bool {
        bucket.take(cost, by: Self.rule, at: now) == nil
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
