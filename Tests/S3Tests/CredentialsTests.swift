import FoundationEssentials
import Testing

@testable import S3
@testable import TestSupport

@Suite("Credentials")
struct CredentialsTests {
    private func file(_ text: String) throws -> (TemporaryFolder, path: String) {
        let folder = try TemporaryFolder()
        let path = folder.path + "/credentials"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return (folder, path)
    }

    private let text = """
        # of the house
        [default]
        aws_access_key_id = AKID1
        aws_secret_access_key=sec/ret=1

        [ films ]
          AWS_ACCESS_KEY_ID = AKID2
        aws_secret_access_key = secret2
        aws_session_token = token2
        region = somewhere
        [half]
        aws_access_key_id = AKID3
        """

    @Test("By the environment, with a token and without")
    func environment() throws {
        var variables = ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": ""]
        #expect(
            try S3Credentials(environment: variables) == S3Credentials(accessKeyID: "a", secretAccessKey: "b"))
        variables["AWS_SESSION_TOKEN"] = "c"
        #expect(try S3Credentials(environment: variables).sessionToken == "c")
        // The environment comes before the file.
        variables["AWS_SHARED_CREDENTIALS_FILE"] = "/none"
        #expect(try S3Credentials(environment: variables).accessKeyID == "a")
    }

    @Test("By a file: the default profile and a named one")
    func profiles() throws {
        let (folder, path) = try file(text)
        let first = try S3Credentials(environment: ["AWS_SHARED_CREDENTIALS_FILE": path])
        #expect(first == S3Credentials(accessKeyID: "AKID1", secretAccessKey: "sec/ret=1"))
        let second = try S3Credentials(
            environment: ["AWS_SHARED_CREDENTIALS_FILE": path, "AWS_PROFILE": "films"])
        #expect(second == S3Credentials(accessKeyID: "AKID2", secretAccessKey: "secret2", sessionToken: "token2"))
        withExtendedLifetime(folder) {}
    }

    @Test("Who has none, or half of them, is told where they belong, and no secret is repeated")
    func missing() throws {
        let (folder, path) = try file(text)
        let cases: [([String: String], String)] = [
            ([:], "set AWS_ACCESS_KEY_ID"), (["AWS_ACCESS_KEY_ID": "a"], "AWS_SECRET_ACCESS_KEY is not:"),
            (["AWS_SECRET_ACCESS_KEY": "HUSH"], "AWS_ACCESS_KEY_ID is not:"),
            (["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "HU SH"], "in the environment have spaces"),
            (["AWS_SHARED_CREDENTIALS_FILE": path, "AWS_PROFILE": "none"], "no profile [none]"),
            (["AWS_SHARED_CREDENTIALS_FILE": path, "AWS_PROFILE": "half"], "needs aws_access_key_id"),
            (["AWS_SHARED_CREDENTIALS_FILE": path + "x"], "cannot be read"),
            (["AWS_SHARED_CREDENTIALS_FILE": folder.path], "cannot be read"),
        ]
        for (environment, why) in cases {
            let error = #expect(throws: S3Credentials.Missing.self) { try S3Credentials(environment: environment) }
            let words = try #require(error?.description)
            #expect(words.contains(why), "\(words)")
            #expect(!words.contains("HU"), "\(words)")
        }
    }

    @Test("They never describe themselves")
    func secrecy() {
        let credentials = S3Credentials(accessKeyID: "AKID", secretAccessKey: "SECRET", sessionToken: "TOKEN")
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped, "\([credentials])"] {
            #expect(!text.contains("AKID") && !text.contains("SECRET") && !text.contains("TOKEN"), "\(text)")
        }
    }
}
