import SQL
import Testing

@testable import Encoding
@testable import TestSupport

@Suite("Work that dead processes left")
struct SweepWorkTests {
    @Test("Runs that nobody's lease names go, and what was made for a viewer long ago; all else stays")
    func sweep() async throws {
        try await Studio.with(isWorking: false) { studio in
            let facts = try await studio.inspect(path: TestMedia.bikes)
            let (id, queue) = (EncodingID(), studio.queue)
            let held = try await studio.database.write { transaction in
                try queue.add(id, facts: facts, in: transaction)
                return try #require(try queue.tasks.claim(at: transaction.currentTime(), in: transaction))
            }
            let lost = "\(held.id).\(LeaseID())"
            // Of the year 2004.
            let old = TaskID(high: 0x0100_0000_0000_7000, low: 1 << 63)
            for name in [held.run, lost, "\(old)", "\(TaskID())"] {
                _ = try await studio.storage.workspace.makeFolder(#require(VideoFiles.work.appending(name: name)))
            }
            let before = try await studio.storage.workspace.names(in: VideoFiles.work)
            #expect(try await SweepWork(database: studio.database, workspace: studio.storage.workspace)() == 2)
            let after = try await studio.storage.workspace.names(in: VideoFiles.work)
            #expect(Set(before).subtracting(after) == [lost, "\(old)"])
        }
    }
}
