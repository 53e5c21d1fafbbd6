import FoundationEssentials
import Reactor

/// What an operator may choose about videos and uploads.
public struct VideoSettings: Sendable {
    /// The largest file that is accepted, in bytes.
    public var maximumUploadBytes: Int64 = 100 << 30
    /// How long an upload that is not going on is kept.
    public var uploadLifetime = Duration.seconds(24 * 3600)
    /// How long an upload may take altogether, however often it goes on.
    public static let longestUpload = Duration.seconds(7 * 24 * 3600)
    /// Uploads that one person may have unfinished at the same time.
    public var uploadsPerUser = 50
    /// Bytes that one person's videos and unfinished uploads may take; nil for any number.
    public var bytesPerUser: Int64?
    /// How long a video stays in the trash before it is removed for good.
    public var trashLifetime = Duration.seconds(30 * 24 * 3600)
    /// How long a playback grant is good for.
    public var grantLifetime = Duration.seconds(6 * 3600)
    /// How long a video's password is remembered.
    public var unlockLifetime = Duration.seconds(3600)
    /// The longest that anything signed is good, and so what ends it must be remembered.
    public var longestGrant: Duration { max(grantLifetime, unlockLifetime) }
    /// False where the kernel gives no safe sandbox to read the files of strangers in: then no upload is taken.
    public var acceptsUploads = true
    /// How long a request waits for another one that holds the same upload.
    public var lockPatience = Duration.seconds(3)

    /// Where people reach this installation, without a slash at its end; nil where nobody has said.
    public var site: String?

    /// Files that this server fetches from others at the same time.
    public var fetchesAtOnce = 4
    /// Of these so many for one person, of all servers.
    static let fetchesOfPersonAtOnce = 2
    /// Networks that files may be fetched from although they are not on the open internet.
    public var fetchNetworks: [IPNetwork] = []
    /// `http://user:password@host:port`: the proxy by which files are fetched.
    public var fetchProxy: String?
    /// Before a source is asked again for the first time; then longer each time.
    var firstFetchPause = Duration.seconds(5)
    static let longestFetchPause = Duration.seconds(900)
    /// Attempts in a row that brought nothing, until a source is given up.
    static let mostFetchFailures = 8
    /// In bytes: who sends so much gets all attempts anew.
    static let fetchProgress: Int64 = 1 << 20

    public init() {}

    func fetchPause(after failures: Int) -> Duration {
        min(firstFetchPause * (1 << min(max(failures - 1, 0), 16)), Self.longestFetchPause)
    }

    /// A form holds more than the file: its fields and what frames them.
    var formLimit: Int { Int(clamping: maximumUploadBytes) + (4 << 20) }

    /// When an upload that gives a sign of life now is over: each moves the end, but not for ever.
    func uploadExpiry(from time: Date, createdAt: Date) -> Date {
        let longest = max(uploadLifetime, Self.longestUpload)
        return min(
            time.addingTimeInterval(Double(uploadLifetime.components.seconds)),
            createdAt.addingTimeInterval(Double(longest.components.seconds)))
    }

    /// No byte of a stranger's file is taken in where it could not be read safely.
    func requireSandbox() throws(VideoError) {
        guard acceptsUploads else { throw .sandboxUnavailable }
    }
}
