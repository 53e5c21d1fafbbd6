import FoundationEssentials
import Glibc
import Reactor
import Synchronization

/// Has work on strangers' bytes done by a confined process.
struct ConfinedReader: Sendable {
    let tool: MediaTool
    /// For what blocks: reading long answers.
    let pool: BlockingPool

    /// Work with exactly one answer.
    ///
    /// - Throws: what the work throws; `ConfinedFailure.trapped` or `died` when its process ends without a word.
    func run<Work: ConfinedWork>(
        _ work: Work, reads: [String], writes: String? = nil, effort: MediaTool.Effort
    ) async throws -> Work.Answer {
        let result = try await start(work, reads: reads, writes: writes, effort: effort, onOutput: nil)
        let lines = try await pool.run { try ConfinedLines<Work.Answer>.all(in: result.output) }
        try check(result, lines.failure)
        guard let answer = lines.answers.first, lines.answers.count == 1 else {
            throw ConfinedFailure.died("it gave \(lines.answers.count) answers")
        }
        return answer
    }

    /// Work that answers piece by piece. `onAnswer` is called on the loop for each, in order.
    func run<Work: ConfinedWork>(
        _ work: Work, reads: [String], writes: String?, effort: MediaTool.Effort,
        onAnswer: @escaping @Sendable (Work.Answer) -> Void
    ) async throws {
        let lines = Mutex(ConfinedLines<Work.Answer>())
        let result = try await start(work, reads: reads, writes: writes, effort: effort) { bytes in
            for answer in lines.withLock({ $0.append(bytes) }) { onAnswer(answer) }
        }
        try check(result, lines.withLock { $0.failure })
    }

    private func start<Work: ConfinedWork>(
        _ work: Work, reads: [String], writes: String?, effort: MediaTool.Effort,
        onOutput: (@Sendable ([UInt8]) -> Void)?
    ) async throws -> ChildProcess.Result {
        let request = try await pool.run { [UInt8](try JSONEncoder().encode(work)) }
        return try await tool.start(
            .mediaReader, [MediaReader.name(of: Work.self)], input: request, reads: reads, writes: writes,
            effort: effort, onOutput: onOutput)
    }

    /// Signals that a process gets for what it did, including the end of its processor time.
    private static let traps = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ]

    private func check(_ result: ChildProcess.Result, _ failure: ConfinedFailure?) throws {
        if let failure { throw failure.original }
        guard !result.isSuccess else { return }
        let words = ToolFailure(ending: result.ending, words: result.words).description
        switch result.ending {
        case .timedOut, .wroteTooMuch: throw ConfinedFailure.trapped(words)
        case .signaled(let signal) where Self.traps.contains(signal): throw ConfinedFailure.trapped(words)
        case .signaled, .exited: throw ConfinedFailure.died(words)
        }
    }
}

/// Takes the lines of standard output apart as they come.
private struct ConfinedLines<Answer: Codable & Sendable> {
    var answers: [Answer] = []
    var failure: ConfinedFailure?
    private var unfinished: [UInt8] = []

    static func all(in bytes: [UInt8]) throws -> ConfinedLines {
        var lines = ConfinedLines()
        lines.answers = lines.append(bytes)
        return lines
    }

    /// The answers that became whole with these bytes, cut anywhere. A line that is none counts as a failure.
    mutating func append(_ bytes: [UInt8]) -> [Answer] {
        unfinished += bytes
        guard let end = unfinished.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        var new: [Answer] = []
        for line in unfinished[..<end].split(separator: UInt8(ascii: "\n")) {
            do {
                switch try JSONDecoder().decode(ConfinedLine<Answer>.self, from: Data(line)) {
                case .answer(let answer): new.append(answer)
                case .failure(let told): failure = told
                }
            } catch {
                failure = .died("it said what was not understood")
            }
        }
        unfinished.removeSubrange(...end)
        return new
    }
}
