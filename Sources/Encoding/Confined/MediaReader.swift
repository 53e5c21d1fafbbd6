import FoundationEssentials
import Glibc

/// The other side of `ConfinedWork`: what `palco sandbox -- media-reader WORK` does once it is confined.
public enum MediaReader {
    /// How the server names it to the sandbox.
    public static let name = "media-reader"

    static let works: [any ConfinedWork.Type] = [
        JudgeProbe.self, PlanFromMovie.self, PlanFromPackets.self, CopySegments.self, CutPicture.self, CutSound.self,
        UncoverSegments.self, FindSourceRanges.self,
        MakeInitSegments.self, PlanGrowing.self, MakeCaptions.self, VerifyMezzanine.self, FindSound.self,
    ]

    static func name(of work: any ConfinedWork.Type) -> String { "\(work)" }

    /// Reads one request from standard input, does what it asks for, and answers the exit status: 0 when all is said.
    public static func run(_ arguments: [String]) -> Int32 {
        guard arguments.count == 1, let work = works.first(where: { name(of: $0) == arguments[0] }) else { return 64 }
        return perform(work)
    }

    private static func perform<Work: ConfinedWork>(_ work: Work.Type) -> Int32 {
        let encoder = JSONEncoder()
        func say(_ line: ConfinedLine<Work.Answer>) throws {
            var bytes = try encoder.encode(line)
            bytes.append(UInt8(ascii: "\n"))
            try writeAll(bytes)
        }
        do {
            let request = try JSONDecoder().decode(Work.self, from: readAll())
            try request.perform { try say(.answer($0)) }
            return 0
        } catch {
            try? say(.failure(ConfinedFailure(error)))
            return 1
        }
    }

    private static func readAll() -> Data {
        var bytes = Data()
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    private static func writeAll(_ bytes: Data) throws {
        var rest = [UInt8](bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ConfinedFailure.failed("standard output is closed") }
            rest = rest.dropFirst(count)
        }
    }
}
