import Cryptography
import Testing

@testable import S3

/// The published examples: AWS's test suite for Signature Version 4, and "Authenticating Requests" of the S3 API Reference.
@Suite("Signature Version 4")
struct SignatureTests {
    /// `20150830T123600Z`, service `service`, as AWS's suite has it.
    private let suite: SignatureV4 = {
        let credentials = S3Credentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
        let time = SigningTime(secondsSince1970: 1_440_938_160)
        return SignatureV4(credentials: credentials, region: "us-east-1", service: "service", time: time)
    }()

    /// `20130524T000000Z`, as the S3 API Reference has it.
    private let documented: SignatureV4 = {
        let credentials = S3Credentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        return SignatureV4(
            credentials: credentials, region: "us-east-1", time: SigningTime(secondsSince1970: 1_369_353_600))
    }()

    private let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test("Times are written as signatures want them")
    func times() {
        #expect(suite.time.text == "20150830T123600Z" && suite.time.day == "20150830")
        #expect(documented.time.text == "20130524T000000Z")
        #expect(SigningTime(secondsSince1970: 951_782_399).text == "20000228T235959Z")
        #expect(SigningTime(secondsSince1970: -5).text == "19700101T000000Z")
        #expect(SigningTime(secondsSince1970: .max).text == "99991231T235959Z")
    }

    @Test("get-vanilla, step by step")
    func vanilla() {
        let request = SignatureV4.Request(
            method: "GET", path: "/",
            headers: [("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")], payloadHash: nothing)
        #expect(
            SignatureV4.canonical(request) == """
                GET
                /

                host:example.amazonaws.com
                x-amz-date:20150830T123600Z

                host;x-amz-date
                \(nothing)
                """)
        #expect(
            suite.textToSign(request) == """
                AWS4-HMAC-SHA256
                20150830T123600Z
                20150830/us-east-1/service/aws4_request
                bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63
                """)
        #expect(
            suite.authorization(for: request)
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=host;x-amz-date, "
                + "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
    }

    @Test(
        "Others of the suite",
        arguments: [
            // get-vanilla-query-order-key-case
            (
                "GET", [("Param2", "value2"), ("Param1", "value1")], [],
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
            ),
            // post-vanilla
            ("POST", [], [], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            // get-header-value-trim
            (
                "GET", [], [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
            ),
        ] as [(String, [(String, String)], [(String, String)], String)])
    func others(method: String, query: [(String, String)], headers: [(String, String)], signature: String) {
        let fixed = [("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")]
        let request = SignatureV4.Request(
            method: method, path: "/", query: query, headers: fixed + headers, payloadHash: nothing)
        #expect(suite.signature(of: request) == signature)
    }

    @Test(
        "The requests of the S3 API Reference",
        arguments: [
            (
                "GET", "/test.txt", [], [("range", "bytes=0-9")], "",
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            ),
            (
                "PUT", "/test%24file.text", [],
                [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
                "Welcome to Amazon S3.", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
            ),
            (
                "GET", "/", [("lifecycle", "")], [], "",
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
            ),
            (
                "GET", "/", [("prefix", "J"), ("max-keys", "2")], [], "",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            ),
        ] as [(String, String, [(String, String)], [(String, String)], String, String)])
    func documented(
        method: String, path: String, query: [(String, String)], headers: [(String, String)], body: String,
        signature: String
    ) {
        let hash = SHA256.hash(body).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        let fixed = [
            ("host", "examplebucket.s3.amazonaws.com"), ("x-amz-date", "20130524T000000Z"),
            ("x-amz-content-sha256", hash),
        ]
        let request = SignatureV4.Request(
            method: method, path: path, query: query, headers: fixed + headers, payloadHash: hash)
        #expect(documented.signature(of: request) == signature)
    }

    @Test("The presigned address of the S3 API Reference")
    func presigned() {
        let request = SignatureV4.Request(
            method: "GET", path: "/test.txt", headers: [("host", "examplebucket.s3.amazonaws.com")],
            payloadHash: SignatureV4.unsigned)
        #expect(
            documented.presignedQuery(for: request, seconds: 86_400)
                == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }
}
