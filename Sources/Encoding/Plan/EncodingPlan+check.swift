import Media

extension FrameTimes {
    /// What was measured, held to the limits before anything is calculated with it.
    func check(_ limits: InspectionLimits) throws(Unplannable) {
        let most = MediaTime.seconds(limits.duration.components.seconds)
        guard duration > .zero, duration <= most else {
            throw Unplannable(.unsupportedDuration, detail: "the picture lasts \(duration.seconds) s")
        }
        guard count <= limits.frames else {
            throw Unplannable(.unsupportedFrameRate, detail: "\(count) frames")
        }
        guard MediaTime(ticks: start, timescale: timescale).isUsableStart else {
            throw Unplannable(detail: "the first frame is at tick \(start) of \(timescale)")
        }
    }
}

extension MediaTime {
    /// Clocks that begin in 1904, 1970 or anywhere else are fine; in microseconds they stay far from the ends of `Int64`.
    fileprivate var isUsableStart: Bool { Self.seconds(-100_000_000_000)...Self.seconds(100_000_000_000) ~= self }
}

extension EncodingPlan {
    /// A plan comes from a process that read a stranger's file: whatever is calculated from it, for which segments follow each
    /// other and add up within the limits, is safe after this.
    func check(_ limits: InspectionLimits) throws(Unplannable) {
        let list = segments.segments
        guard segments.duration > .zero, segments.duration <= .seconds(limits.duration.components.seconds) else {
            throw Unplannable(.unsupportedDuration, detail: "the plan lasts \(segments.duration.seconds) s")
        }
        guard let count = list.last.map({ $0.firstFrame.addingReportingOverflow($0.frameCount) }), !count.overflow,
            count.partialValue <= limits.frames
        else { throw Unplannable(.unsupportedFrameRate, detail: "the plan has too many frames") }
        guard follows(list, frames: limits.frames), source.isUsable, isIncreasing(chunkStarts),
            steps.allSatisfy({ $0.isUsable(limits) }),
            !(steps.isEmpty && audio.isEmpty), audio.count <= limits.streams,
            Set(steps.map(\.name) + audio.map(\.name)).count == steps.count + audio.count,
            audio.allSatisfy({ $0.isUsable(segmentCount: list.count, limits, isIncreasing) })
        else { throw Unplannable(detail: "the plan contradicts itself") }
    }

    private func follows(_ list: [SegmentPlan.Segment], frames: Int) -> Bool {
        var (frame, time) = (0, MediaTime.zero)
        for segment in list {
            guard segment.firstFrame == frame, segment.frameCount > 0, segment.frameCount <= frames - frame,
                segment.start == time,
                segment.start.timescale == segments.timescale, segment.end.timescale == segments.timescale,
                segment.end > segment.start, segment.end <= segments.duration
            else { return false }
            (frame, time) = (segment.frames.upperBound, segment.end)
        }
        return true
    }

    /// First segments of chunks: from 0 upwards, all of them there.
    private func isIncreasing(_ starts: [Int]) -> Bool {
        starts.first == 0 && zip(starts, starts.dropFirst()).allSatisfy(<)
            && starts.allSatisfy(segments.segments.indices.contains)
    }
}

extension EncodingPlan.SourceClock {
    fileprivate var isUsable: Bool {
        guard let denominator = UInt32(exactly: timeBase.denominator), denominator > 0,
            (1...Int(Int32.max)).contains(timeBase.numerator), factor > 0, start.magnitude < 1 << 62
        else { return false }
        return abs(startSeconds) <= 100_000_000_000
    }
}

extension LadderStep {
    fileprivate func isUsable(_ limits: InspectionLimits) -> Bool {
        [size.width, size.height].allSatisfy { (1...limits.maxSide).contains($0) }
            && (1...limits.frames).contains(frameDivisor) && (0...1 << 40).contains(cap) && (0...255).contains(level)
            && frameRate.isFinite && name.isRenditionName
    }
}

extension String {
    fileprivate var isRenditionName: Bool {
        (1...16).contains(utf8.count)
            && utf8.allSatisfy { $0 == 0x2D || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
    }
}

extension AudioPlan {
    fileprivate func isUsable(
        segmentCount: Int, _ limits: InspectionLimits, _ isIncreasing: ([Int]) -> Bool
    ) -> Bool {
        guard (1...limits.samplesPerSecond).contains(sampleRate), (1...64).contains(channelCount),
            segmentDurations.count == segmentCount, name.isRenditionName
        else { return false }
        // Sound may go on behind the picture.
        let most = Int64(sampleRate) * 2 * limits.duration.components.seconds
        var whole: Int64 = 0
        for duration in segmentDurations {
            guard (0...most - whole).contains(duration) else { return false }
            // bound: by the guard above
            whole += duration
        }
        if case .encode(let starts) = making { return isIncreasing(starts) }
        return true
    }
}
