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
        let (width, height) = (max(1, width), max(1, height))
        let longer = max(width, height)
        let wholeSeconds = max(1, duration.ticks(at: 1, rounding: .up))
        let interval = (wholeSeconds + 99) / 100
        let count = max(1, Int((wholeSeconds + interval - 1) / interval))
        self.init(
            tileWidth: max(2, width * 160 / longer / 2 * 2), tileHeight: max(2, height * 160 / longer / 2 * 2),
            columns: min(10, count), count: count, interval: .seconds(interval), duration: duration)
    }

    public var rows: Int { columns > 0 ? (count + columns - 1) / columns : 0 }

    /// Cues with media fragments (`#xywh=`); `imageURI` is relative to the file or absolute.
    public func webVTT(imageURI: String) -> String {
        var text = "WEBVTT\n"
        guard columns > 0 else { return text }
        for tile in 0..<max(0, count) {
            let start = interval.ticks(at: 1000) * Int64(tile)
            let end = tile + 1 < count ? start + interval.ticks(at: 1000) : max(start + 1, duration.ticks(at: 1000))
            let (x, y) = (tile % columns * tileWidth, tile / columns * tileHeight)
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
