import SQL
import Storage

/// Removes the work of processes that died from a storage that several share: folders of runs that nobody's lease names, and of what was
/// made for a viewer beside the queue, which has no lease and takes minutes at most.
public struct SweepWork: Sendable {
    private let database: Database
    private let workspace: Workspace

    /// Work for a viewer is over by then.
    private static let longestWait: Int64 = 15 * 60_000

    public init(database: Database, workspace: Workspace) {
        self.database = database
        self.workspace = workspace
    }

    /// - Returns: how many there were.
    public func callAsFunction() async throws -> Int {
        // The names first: a run has its lease before it has its folder.
        let runs = try await workspace.names(in: VideoFiles.work)
        guard !runs.isEmpty else { return 0 }
        let (held, now) = try await database.read { access in
            let held = Set(
                try access.query("SELECT id, lease_token FROM encoding_tasks WHERE lease_token IS NOT NULL").map {
                    "\(try $0.value("id", as: String.self)).\(try $0.value("lease_token", as: String.self))"
                })
            return (held, try access.currentTime())
        }
        let gone = runs.filter { run in
            guard let viewers = TaskID(run) else { return !held.contains(run) }
            return viewers.millisecondsSince1970 < now / 1000 - Self.longestWait
        }
        for run in gone {
            guard let key = VideoFiles.work.appending(name: run) else { continue }
            try await workspace.removeFolder(key)
        }
        return gone.count
    }
}
