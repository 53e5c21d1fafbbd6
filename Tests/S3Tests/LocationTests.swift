import Testing

@testable import S3

@Suite("Where objects are")
struct LocationTests {
    @Test(
        "Addresses of objects",
        arguments: [
            (
                "s3://films?endpoint=http://127.0.0.1:9000", "http://127.0.0.1:9000/films/a/b%20c.mp4",
                "s3://films/ at http://127.0.0.1:9000"
            ),
            (
                "s3://films/house/one/?endpoint=https://s3.example:443/&region=eu-1",
                "https://s3.example/films/house/one/a/b%20c.mp4", "s3://films/house/one/ at https://s3.example:443/"
            ),
            ("s3://films?endpoint=http://[::1]:9000", "http://[::1]:9000/films/a/b%20c.mp4", nil),
            ("s3://films?endpoint=HTTPS%3A%2F%2Fs3.example", nil, nil),
            ("s3://films?endpoint=https%3A%2F%2FS3.Example", "https://s3.example/films/a/b%20c.mp4", nil),
            (
                "s3://films?endpoint=https://s3.example&path_style=false", "https://films.s3.example/a/b%20c.mp4", nil
            ),
            ("s3://films", "https://films.s3.us-east-1.amazonaws.com/a/b%20c.mp4", "s3://films/ in us-east-1"),
            ("s3://films?region=eu-west-3", "https://films.s3.eu-west-3.amazonaws.com/a/b%20c.mp4", nil),
            ("s3://my.films", "https://s3.us-east-1.amazonaws.com/my.films/a/b%20c.mp4", nil),
            ("s3://films?path_style=true", "https://s3.us-east-1.amazonaws.com/films/a/b%20c.mp4", nil),
            ("s3://films/a%20b", "https://films.s3.us-east-1.amazonaws.com/a%20b/a/b%20c.mp4", nil),
        ] as [(String, String?, String?)])
    func addresses(text: String, address: String?, description: String?) throws {
        guard let address else {
            #expect(throws: S3Location.Invalid.self) { try S3Location(text) }
            return
        }
        let location = try S3Location(text)
        #expect(location.address(location.path(of: "a/b c.mp4"), query: "") == address)
        if let description { #expect(location.description == description) }
    }

    @Test("The bucket itself, in the path and before the host")
    func bucket() throws {
        #expect(try S3Location("s3://films?endpoint=http://h").path(of: nil) == "/films")
        #expect(try S3Location("s3://films").path(of: nil) == "/")
        #expect(try S3Location("s3://films/x").copySource("a+b") == "/films/x/a%2Bb")
    }

    @Test(
        "What names no location says why, and repeats no password",
        arguments: [
            ("films", "begin with s3://"), ("s3://", "3 to 63"), ("s3://fi", "3 to 63"), ("s3://Films", "3 to 63"),
            ("s3://-films", "3 to 63"), ("s3://fil..ms", "3 to 63"), ("s3://fil_ms", "3 to 63"),
            ("s3://me:SECRET@films", "AWS_ACCESS_KEY_ID"),
            ("s3://films?endpoint=https://me:SECRET@host", "AWS_ACCESS_KEY_ID"),
            ("s3://films?endpoint=host", "https://"), ("s3://films?endpoint=https://host/path", "nothing behind it"),
            ("s3://films?endpoint=https://host:0", "65535"), ("s3://films?endpoint=https://host:x", "65535"),
            ("s3://films?endpoint=https://", "a host's name"), ("s3://films?endpoint=https://[::1", "a host's name"),
            ("s3://films?endpoint=https://ho%0Ast", "a host's name"),
            ("s3://films?endpoint=http://10.0.0.1&path_style=false", "a number"),
            ("s3://films?region=", "region"), ("s3://films?region=a%2Fb", "region"), ("s3://films?region", "no value"),
            ("s3://films?region=a&region=b", "twice"), ("s3://films?path_style=yes", "true or false"),
            ("s3://films?secret=SECRET", "only endpoint"), ("s3://films/a//b", "empty part"),
            ("s3://films/../b", "empty part"), ("s3://films/%zz", "broken escape"),
        ])
    func refused(text: String, why: String) throws {
        let error = #expect(throws: S3Location.Invalid.self) { try S3Location(text) }
        let words = try #require(error?.description)
        #expect(words.contains(why) && words.contains("write s3://bucket"))
        #expect(!words.contains("SECRET"))
    }

    @Test(
        "Keys that a library or a server on the way would tidy up are refused",
        arguments: [
            "", "/a", "a/", "a//b", ".", "a/./b", "..", "a/../b", "a\0b", String(repeating: "a", count: 1025),
        ])
    func keys(key: String) { #expect(!S3Key.isValid(key)) }

    @Test(
        "Other keys are taken",
        arguments: ["a", ".a", "a/..b", "ключ/ü", "a b+c&d=%41?#", "\u{1}", String(repeating: "a", count: 1024)])
    func goodKeys(key: String) { #expect(S3Key.isValid(key)) }

    @Test("What is asked of the server's encryption")
    func encryption() {
        #expect(S3Encryption("AES256") == .aes256 && S3Encryption("aws:kms") == .kms(keyID: nil))
        #expect(S3Encryption("aws:kms:alias/films") == .kms(keyID: "alias/films"))
        #expect(S3Encryption("aes") == nil && S3Encryption("") == nil && S3Encryption("aws:kms:a\r\nb") == nil)
        #expect(S3Encryption.kms(keyID: "k").headers.map(\.1) == ["aws:kms", "k"])
    }
}
