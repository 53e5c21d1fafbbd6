import Testing

/// Numbers from files that strangers sent are added, multiplied and converted without traps.
@Suite("Arithmetic on what files say")
struct ArithmeticTests {
    /// Where numbers from files are handled.
    static let folders = [
        "Sources/Media", "Sources/Encoding/Confined", "Sources/Encoding/Inspect", "Sources/Encoding/Make",
        "Sources/Encoding/Plan",
    ]
    /// The one place where a floating point number becomes an integer.
    static let home = "Sources/Media/BoundedArithmetic.swift"

    @Test("A floating point number becomes an integer by init(clamping:) and in no other way")
    func conversions() throws {
        for folder in Self.folders {
            let house = try House(folder: folder)
            #expect(!house.files.isEmpty, "\(folder)")
            for file in house.files where file.path != Self.home {
                for (number, text) in file.code {
                    let found = Arithmetic.convertsFloatingPoint(text)
                    #expect(!found, "\(file.path):\(number): \(text)\nuse init(clamping:)")
                }
            }
        }
    }

    @Test("Plain operators on times and sizes stand beside a comment that names their bound")
    func operators() throws {
        for folder in Self.folders {
            for file in try House(folder: folder).files where file.path != Self.home {
                for (number, text) in file.code where Arithmetic.calculatesPlainly(text) {
                    let place = file.lines[max(0, number - 2)..<number].joined(separator: "\n")
                    #expect(
                        place.contains("bound: "),
                        "\(file.path):\(number): \(text)\nuse addingSaturated and its like, or say: // bound: why it fits"
                    )
                }
            }
        }
    }

    @Test(
        "Faults that were mended would be found again",
        arguments: [
            "let start = MediaTime(ticks: Int64((seconds * 1_000_000).rounded()), timescale: 1_000_000)",
            "return Int64(seconds * 1e6)",
            "+ \"[0:1]asetpts=PTS-(\\(Int64(origin.rounded())))\"",
            "let count = max(1, Int((frames.duration.seconds * rate.value).rounded()))",
            "let size = Int(stamp.timeIntervalSince1970 * 1000)",
            "delay += MediaTime.rescale(duration, from: movieTimescale, to: timescale)",
            "let next = max(frame + 1, (end + Int64(frameLength) / 2) / Int64(frameLength))",
            "modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)",
            "decodeTime = run.startTime + Int64(index - Int(run.firstSample)) * Int64(run.delta)",
            "let wait = frames.times[position] - frames.times[0]",
            "func ticks(_ planTicks: Int64) -> Int64 { start + planTicks / max(1, factor) }",
            "payloads[payloads.count - 1] += sample.byteCount",
        ])
    func finds(line: String) {
        #expect(Arithmetic.convertsFloatingPoint(line[...]) || Arithmetic.calculatesPlainly(line[...]))
    }

    @Test(
        "What cannot trap is left alone",
        arguments: [
            "let ticks = Int64(clamping: seconds * 1_000_000)", "let number = Int(try box.uint32())",
            "let end = start.addingSaturated(length)", "guard position + 4 <= bytes.count else { return nil }",
            "let text = \"start - end\"", "let count = Int64(entry.duration)", "let rate = UInt32(exactly: timescale)",
        ])
    func leavesAlone(line: String) {
        #expect(!Arithmetic.convertsFloatingPoint(line[...]) && !Arithmetic.calculatesPlainly(line[...]))
    }
}

/// What a line of Swift does, as far as its letters tell.
enum Arithmetic {
    /// `Int64(…)` and its like around what is written like a floating point number, without a label that bounds it.
    static func convertsFloatingPoint(_ line: Substring) -> Bool {
        line.matches(of: /\bU?Int(?:8|16|32|64)?\(/.wordBoundaryKind(.simple)).contains { match in
            let argument = balanced(line[match.range.upperBound...])
            if argument.firstMatch(of: /^(?:clamping|exactly|truncatingIfNeeded|bitPattern):/) != nil { return false }
            let marks =
                /\.rounded\(|\b\w*[sS]econds\b|\bDouble\b|\.value\b|\btimeInterval|squareRoot|\d\.\d|\de\d/
            // By letters: for Unicode there is no boundary at the dot of `a.b`.
            let text = argument.replacing("components.seconds", with: "")
            return text.firstMatch(of: marks.wordBoundaryKind(.simple)) != nil
        }
    }

    /// A plain `+ - * <<` beside something whose name says that it is a time or a size.
    static func calculatesPlainly(_ line: Substring) -> Bool {
        var text = String(line.replacing(/"(?:[^"\\]|\\.)*"/, with: "\"\""))
        if text.contains("Double") { return false }
        while true {
            if hasPlainOperator(text) { return true }
            // What a conversion holds stands for it, then what other brackets hold is done with.
            let conversion = /\bU?Int(?:8|16|32|64)?\(([\w.]*)\)/.wordBoundaryKind(.simple)
            var smaller = text.replacing(conversion) { String($0.output.1) }
            if smaller == text { smaller = text.replacing(/\([^()\[\]]*\)|\[[^()\[\]]*\]/, with: "") }
            if smaller == text { return false }
            text = smaller
        }
    }

    private static func hasPlainOperator(_ text: String) -> Bool {
        text.matches(of: /([\w.]+)(?:[\])])?\ (?:\+|-|\*|<<|\+=|-=|\*=)\ [-(]*([\w.]+)/).contains { match in
            [match.output.1, match.output.2].contains { name in
                let last = name.split(separator: ".").last ?? ""
                return last.firstMatch(of: quantities) != nil
            }
        }
    }

    /// Names that end like this are times or sizes.
    private nonisolated(unsafe) static let quantities =
        /(?i)(?:time|ticks|duration|delta|start|end|delay|shift|origin|offset|interval|pts|dts|tv_n?sec|byteCount)s?$/

    /// Up to the bracket that closes what was opened before the text, or all of it.
    private static func balanced(_ text: Substring) -> Substring {
        var depth = 1
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return text[..<index] }
        }
        return text
    }
}
