import Media

/// The frame times of a source whose container is not read here, from ffprobe's list of packets.
struct PacketTimes: Sendable {
    /// Positions among all streams of the file.
    let video: Int
    let sounds: Set<Int>
    /// In ticks of each sound's stream; none where nothing of it is there.
    private(set) var soundEnds: [Int: Int64] = [:]
    private(set) var times: [Int64] = []
    private(set) var lastDuration: Int64 = 0
    /// Times of keyframes before which no later packet is shown.
    private(set) var keyframes: [Int64] = []
    /// Some are decoded only for the sake of others, by an edit list.
    private(set) var hasDiscarded = false
    private(set) var startsWithKeyframe = false
    /// Some have no time of presentation, and others show that there are such that are not decoded in their order.
    private(set) var hasGuessedTimes = false
    private var latestTime = Int64.min
    private var unfinished: [UInt8] = []

    static let entries = "packet=stream_index,pts,dts,duration,flags"

    init(video: Int, sounds: Set<Int>) {
        self.video = video
        self.sounds = sounds
    }

    /// Takes the next piece of `-of csv=p=0` text, cut anywhere.
    mutating func append(_ bytes: [UInt8]) {
        unfinished += bytes
        guard let end = unfinished.lastIndex(of: UInt8(ascii: "\n")) else { return }
        for line in unfinished[..<end].split(separator: UInt8(ascii: "\n")) { appendLine(line) }
        unfinished.removeSubrange(...end)
    }

    private mutating func appendLine(_ line: ArraySlice<UInt8>) {
        let all = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard all.count >= 5 else { return }
        func number(_ field: ArraySlice<UInt8>) -> Int64? { Int64(String(decoding: field, as: UTF8.self)) }
        guard let stream = number(all[0]).map({ Int($0) }) else { return }
        let fields = Array(all[1...])
        if sounds.contains(stream), let time = number(fields[0]) ?? number(fields[1]) {
            soundEnds[stream] = max(soundEnds[stream] ?? time, time.addingSaturated(number(fields[2]) ?? 0))
        }
        guard stream == video else { return }
        let flags = fields[3]
        guard !flags.contains(UInt8(ascii: "D")) else {
            hasDiscarded = true
            return
        }
        guard let time = number(fields[0]) ?? number(fields[1]), time.magnitude < 1 << 60 else { return }
        if number(fields[0]) == nil { hasGuessedTimes = true }
        if times.isEmpty { startsWithKeyframe = flags.contains(UInt8(ascii: "K")) }
        while let last = keyframes.last, time < last { keyframes.removeLast() }
        // Nothing that came before it is shown after it.
        if flags.contains(UInt8(ascii: "K")), time > latestTime { keyframes.append(time) }
        if time > latestTime {
            latestTime = time
            lastDuration = number(fields[2]) ?? 0
        }
        times.append(time)
    }

    func frames(timescale: UInt32, factor: Int64) -> FrameTimes {
        FrameTimes(
            timescale: timescale, times: times.map { $0.multipliedSaturated(by: factor) },
            keyframes: keyframes.map { $0.multipliedSaturated(by: factor) },
            lastDuration: lastDuration.multipliedSaturated(by: factor))
    }
}
