import BaseEncoding
import Cryptography
import Glibc

@testable import S3

/// The bucket of tests, which PALCO_TEST_S3 names (`scripts/with-s3`).
public enum TestBucket {
    public struct Missing: Error, CustomStringConvertible {
        public let description = "PALCO_TEST_S3 is not set: run the tests by scripts/with-s3"
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// A place in it that only this caller uses.
    ///
    /// - Parameter endpoint: by which the server is reached in place of its own, such as a proxy's; it must hand over what
    ///   the field `Host` says.
    public static func fresh(through endpoint: String? = nil) throws -> S3Client.Configuration {
        guard let text = variable("PALCO_TEST_S3") else { throw Missing() }
        let bucket = try S3Location(text).bucket
        let own = "s3://\(bucket)/t\(Hex.encode(Random.bytes(12)))"
        let location = endpoint.map { "\(own)?endpoint=\($0)" } ?? text.replacing("s3://\(bucket)", with: own)
        var environment: [String: String] = [:]
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] { environment[name] = variable(name) }
        return S3Client.Configuration(
            location: try S3Location(location), credentials: try S3Credentials(environment: environment))
    }

    /// `http://host:port` of the server itself.
    public static func endpoint() throws -> String {
        let location = try variable("PALCO_TEST_S3").map(S3Location.init)
        guard let location else { throw Missing() }
        return "\(location.scheme)://\(location.host)"
    }
}
