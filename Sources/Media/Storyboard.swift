/// A grid of small pictures for the seek bar: one sprite image and a WebVTT file that points into it.
public struct Storyboard: Sendable, Hashable, Codable {
    public var tileWidth: Int
    public var tileHeight: Int
    public var columns: Int
    /// How many tiles hold a picture.
    public var count: Int
    /// From one picture to the next; the first is taken at 0.
    public var interval: MediaTime
    /// Of the video.
    public var duration: MediaTime

    public init(
        tileWidth: Int, tileHeight: Int, columns: Int, count: Int, interval: MediaTime, duration: MediaTime
    ) {
        self.tileWidth = tileWidth
        self.tileHeight = tileHeight
        self.columns = columns
        self.count = count
        self.interval = interval
        self.duration = duration
    }

    /// At most 100 pictures whose longer side has 160 pixels, at least a second apart.
    public init(duration: MediaTime, width: Int, height: Int) {
        let (width, height) = (min(max(1, width), Self.limit), min(max(1, height), Self.limit))
        let longer = max(width, height)
        // In whole seconds.
        let length = min(max(1, duration.ticks(at: 1, rounding: .up)), Int64(Self.limit))
        // bound: below the limit
        let interval = (length + 99) / 100
        // bound: below the limit
        let count = max(1, Int((length + interval - 1) / interval))
        self.init(
            tileWidth: max(2, width * 160 / longer / 2 * 2), tileHeight: max(2, height * 160 / longer / 2 * 2),
            columns: min(10, count), count: count, interval: .seconds(interval), duration: duration)
    }

    /// More pixels, and more seconds, than anything has.
    private static let limit = 1 << 32

    public var rows: Int { columns > 0 ? (max(1, count) - 1) / columns + (count > 0 ? 1 : 0) : 0 }

    /// Cues with media fragments (`#xywh=`); `imageURI` is relative to the file or absolute.
    public func webVTT(imageURI: String) -> String {
        var text = "WEBVTT\n"
        guard columns > 0 else { return text }
        let length = interval.ticks(at: 1000)
        for tile in 0..<max(0, count) {
            let start = length.multipliedSaturated(by: Int64(tile))
            let next = start.addingSaturated(length)
            let end = tile + 1 < count ? next : max(start.addingSaturated(1), duration.ticks(at: 1000))
            let x = (tile % columns).multipliedSaturated(by: tileWidth)
            let y = (tile / columns).multipliedSaturated(by: tileHeight)
            text += "\n\(Self.timestamp(start)) --> \(Self.timestamp(end))\n"
            text += "\(imageURI)#xywh=\(x),\(y),\(tileWidth),\(tileHeight)\n"
        }
        return text
    }

    /// `hh:mm:ss.ttt`
    private static func timestamp(_ milliseconds: Int64) -> String {
        func padded(_ value: Int64, _ digits: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        let seconds = milliseconds / 1000
        return padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2) + "."
            + padded(milliseconds % 1000, 3)
    }
}
