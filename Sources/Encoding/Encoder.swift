import Media
import Reactor
import SQL
import Sandbox
import Storage
import Telemetry

/// The service that turns stored originals into renditions and answers requests for their segments.
///
/// `run` works until its task is cancelled; everything else may be called from any loop at any time.
public final class Encoder: Sendable {
    public typealias ChangeHandler = @Sendable (Transaction, EncodingID, EncodingChange) throws -> Void

    public static let migrations: MigrationSet = []

    let settings: EncodingSettings
    let database: Database
    let storage: LocalStorage
    let loops: EventLoopGroup
    let log: Log
    let onChange: ChangeHandler

    /// - Parameter onChange: called inside the transaction that changes an encoding, to keep other rows in step;
    ///   what it throws takes the change back.
    /// - Throws: where there is no `palco` beside the running program to confine ffmpeg with.
    public init(
        settings: EncodingSettings, database: Database, storage: LocalStorage, loops: EventLoopGroup, log: Log,
        onChange: @escaping ChangeHandler
    ) throws {
        self.settings = settings
        self.database = database
        self.storage = storage
        self.loops = loops
        self.log = log
        self.onChange = onChange
    }

    /// Releases what a killed process left, then works until cancelled; ends when its children are gone.
    public func run() async throws {}

    /// Looks at a stored upload in the sandbox. Throws `InspectionError` for what cannot become a video.
    public func inspect(path: String) async throws -> MediaFacts { throw InspectionError(.notAVideo) }

    /// Puts a video into the queue, inside the caller's transaction. Its original is at `videos/{id}/original`.
    public func enqueue(_ transaction: Transaction, _ id: EncodingID, facts: MediaFacts) throws {}

    /// Takes a video out of the queue and stops what runs for it once the transaction is kept. Its files are the
    /// caller's to remove.
    public func remove(_ transaction: Transaction, _ id: EncodingID) throws {}

    /// Runs what failed again. Answers whether there was anything failed.
    @discardableResult
    public func retry(_ transaction: Transaction, _ id: EncodingID) throws -> Bool { false }

    /// Nil until the video is planned. From memory after the first call.
    public func presentation(_ id: EncodingID) async throws -> Presentation? { nil }

    /// A media segment. One that is not made yet moves to the front of the queue, and the request waits for it.
    public func segment(_ id: EncodingID, rendition: String, number: Int) async throws -> SegmentAnswer { .missing }

    /// The init segment of a rendition; always in the clear.
    public func initSegment(_ id: EncodingID, rendition: String) async throws -> SegmentAnswer { .missing }

    /// The 16 bytes of a rendition's key; nil where there is none.
    public func key(_ id: EncodingID, rendition: String) async throws -> [UInt8]? { nil }

    /// Nil while it is not made.
    public func picture(_ id: EncodingID, _ kind: PictureKind) async throws -> OpenFile? { nil }
}
