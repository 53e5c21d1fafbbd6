import Glibc
import Reactor
import S3

/// `S3Transfer put|get LOCATION KEY FILE`: sends the file or fetches it, with the credentials of the environment, and prints
/// the seconds that it took.
@main
enum S3Transfer {
    nonisolated static func main() async throws {
        let words = CommandLine.arguments
        guard words.count == 5 else { exit(64) }
        var environment: [String: String] = [:]
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            environment[name] = getenv(name).map { String(cString: $0) }
        }
        let loops = try EventLoopGroup(count: 1)
        let pool = try BlockingPool(name: "files", threads: 2)
        let configuration = S3Client.Configuration(
            location: try S3Location(words[2]), credentials: try S3Credentials(environment: environment))
        let client = try S3Client(configuration, loops: loops, pool: pool)
        try await Task(executorPreference: loops.loops[0]) {
            let start = MonotonicTime.now
            switch words[1] {
            case "put": try await client.put(words[3], .file(OpenFile(path: words[4])))
            default: try await client.download(words[3], to: words[4])
            }
            print(Double((MonotonicTime.now - start).wholeNanoseconds) / 1e9)
        }.value
        await client.shutdown()
        await loops.shutdown()
    }
}
