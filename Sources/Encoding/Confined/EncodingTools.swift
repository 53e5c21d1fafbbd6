import Reactor
import Sandbox

/// The programs that read what strangers uploaded, and the threads that wait for them.
public final class EncodingTools: Sendable {
    let settings: EncodingSettings
    let loops: EventLoopGroup
    let reader: ConfinedReader
    let pool: BlockingPool

    /// - Throws: where there is no `palco` beside the running program to confine ffmpeg with.
    public init(settings: EncodingSettings, loops: EventLoopGroup) throws {
        self.settings = settings
        self.loops = loops
        let tool = MediaTool(settings: settings, sandbox: try Sandbox(), loops: loops)
        pool = try BlockingPool(name: "encoding", threads: settings.workerCount + 1)
        reader = ConfinedReader(tool: tool, pool: pool)
    }

    /// Ends the threads, once nothing is asked of them any more.
    public func close() async { await pool.shutdown() }
}
