import Cryptography
import FoundationEssentials
import HTTP
import Reactor
import Testing

@testable import S3
@testable import TestSupport

/// The server's faults are those of the proxy before it; what arrives is seen in the real server.
@Suite("Servers and networks that fail")
struct FaultTests {
    static func failure(_ status: String, _ code: String, _ more: String = "") -> String {
        let body = "<Error><Code>\(code)</Code><Message>Please.</Message><RequestId>r1</RequestId></Error>"
        return "HTTP/1.1 \(status)\r\n\(more)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }

    @Test(
        "What may pass is tried again, with growing pauses, until it does",
        arguments: [
            failure("500 Oops", "InternalError"), failure("503 Slow", "SlowDown"), failure("429 Many", "TooMany"),
            failure("502 Bad", ""), failure("400 Slow", "RequestTimeout"), failure("400 Cut", "IncompleteBody"), "",
            "HTTP/1.1 504 Later\r\nContent-Length: 6\r\n\r\n<html>",
        ])
    func passes(answer: String) async throws {
        let script: FaultyProxy.Script = { _, number in number % 4 == 0 ? .none : .answer(answer) }
        try await S3House.run(through: script) { (house) async throws in
            let bytes = noise(100_000)
            try await house.client.put("a", .bytes(bytes))
            #expect(try await house.client.get("a") == bytes)
            #expect(try await house.client.list().items.map(\.key) == ["a"])
            let pauses = house.pauses.all
            #expect(pauses.count == 9)
            for (index, pause) in pauses.enumerated() {
                let longest = Duration.milliseconds(100) * (1 << (index % 3))
                #expect(pause >= longest / 2 && pause <= longest)
            }
        }
    }

    @Test("What does not pass ends after some tries, in words that help")
    func ends() async throws {
        let script: FaultyProxy.Script = { _, _ in .answer(Self.failure("503 Slow", "SlowDown")) }
        try await S3House.run(through: script) { (house) async throws in
            let failure = try await house.failure { try await house.client.put("films/a", .bytes([1])) }
            #expect(failure?.code == .unavailable && failure?.status == 503 && failure?.serverCode == "SlowDown")
            #expect(
                failure?.description
                    == "S3 could not store films/a: the server is busy or broken: \"Please.\" "
                    + "(SlowDown, status 503, request r1). Try again later, or ask those who run the server")
            #expect(house.proxy?.log.lines.count == 6 && house.pauses.all.count == 5)
        }
    }

    @Test("The tries end in time, too")
    func patience() async throws {
        var schedule = RetrySchedule(RetryPolicy(tries: 100, patience: .seconds(10)))
        let start = MonotonicTime(nanoseconds: 1_000_000_000)
        #expect(schedule.next(at: start) != nil)
        #expect(schedule.next(at: start + .seconds(9)) != nil)
        #expect(schedule.next(at: start + .seconds(11)) == nil)
        schedule.advanced()
        #expect(schedule.next(at: start + .seconds(11)) != nil)
        var last = Duration.zero
        for _ in 0..<20 { last = max(last, schedule.next(at: start + .seconds(11)) ?? .zero) }
        #expect(last <= .seconds(10))
    }

    @Test(
        "Other answers are errors at once",
        arguments: [
            (failure("400 No", "InvalidArgument"), S3Error.Code.refused),
            (failure("403 No", "AccessDenied"), .accessDenied),
            (failure("403 No", "ExpiredToken"), .wrongCredentials), (failure("404 No", "NoSuchBucket"), .noSuchBucket),
            (failure("301 Moved", "PermanentRedirect", "x-amz-bucket-region: eu-1\r\n"), .wrongRegion),
            (failure("307 Moved", "", "Location: http://127.0.0.1:1/\r\n"), .wrongRegion),
            (failure("507 Full", ""), .noSpace), (failure("501 No", "NotImplemented"), .refused),
            (failure("413 No", "EntityTooLarge"), .tooLarge),
            ("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", .noSuchKey),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n<html", .invalidAnswer),
            ("SSH-2.0-OpenSSH_9.2\r\n", .invalidAnswer),
        ])
    func atOnce(answer: String, code: S3Error.Code) async throws {
        try await S3House.run(through: { _, _ in .answer(answer) }) { (house) async throws in
            let failure = try await house.failure { _ = try await house.client.list() }
            #expect(failure?.code == code)
            #expect(house.proxy?.log.lines.count == 1 && house.pauses.all.isEmpty)
            if code == .wrongRegion, answer.contains("eu-1") {
                #expect(failure?.description.contains("(eu-1)") == true)
            }
        }
    }

    @Test("A download that is cut goes on where it was cut, of the same object only")
    func cutDownload() async throws {
        let script: FaultyProxy.Script = { line, number in
            line.hasPrefix("GET") && number < 5 ? .cut(after: 1_100_000) : .none
        }
        try await S3House.run(through: script) { (house) async throws in
            let bytes = noise(4 << 20)
            let stored = try await house.client.put("a", .bytes(bytes))
            #expect(try await house.client.get("a") == bytes)
            let heads = house.proxy?.log.all.filter { $0.hasPrefix("GET") }.map { $0.lowercased() } ?? []
            #expect(heads.count == 4 && heads.first?.contains("range:") == false)
            for head in heads.dropFirst() {
                #expect(head.contains("\r\nrange: bytes=") && head.contains("\r\nif-match: \(stored.etag)\r\n"))
            }
            // Each try came far enough for the ones before it to be forgotten.
            #expect(house.pauses.all.allSatisfy { $0 <= .milliseconds(100) })
        }
    }

    @Test("An object that is replaced between two tries is not mixed with the new one")
    func replaced() async throws {
        let (first, second) = (noise(1 << 20), noise(1 << 20, seed: 2))
        try await S3House.run(through: { line, _ in line.hasPrefix("GET") ? .cut(after: 300_000) : .none }) { house in
            try await house.client.put("a", .bytes(first))
            var seen: [UInt8] = []
            let failure = try await house.failure {
                try await house.client.read("a") { piece in
                    if seen.isEmpty { try await house.client.put("a", .bytes(second)) }
                    seen += piece
                }
            }
            #expect(failure?.code == .changed)
            #expect(seen == Array(first[..<seen.count]) && seen.count <= 300_000)
        }
    }

    @Test("An answer that is shorter than it should be, and one that has another byte, are noticed")
    func wrongBytes() async throws {
        let script: FaultyProxy.Script = { line, _ in
            line.contains("/short") && line.hasPrefix("GET")
                ? .shorten(to: 700) : line.contains("/bad") ? .corrupt : .none
        }
        try await S3House.run(through: script) { (house) async throws in
            let client = house.client
            for key in ["short", "bad"] { try await client.put(key, .bytes(noise(1000))) }
            let known = try await client.head("short")
            #expect(known?.byteCount == 1000)
            for work in [
                { _ = try await client.get("short") }, { try await client.read("short", of: known) { _ in } },
                { _ = try await client.get("short", 0..<1000) }, { _ = try await client.get("short", 100..<900) },
            ] as [() async throws -> Void] {
                let failure = try await house.failure(work)
                #expect([.damaged, .wrongSize, .changed].contains(failure?.code), "\(String(describing: failure))")
            }
            for range in [nil, 0..<1000] {
                let failure = try await house.failure { _ = try await client.get("bad", range) }
                #expect(failure?.code == .damaged && failure?.description.contains("SHA-256") == true)
            }
        }
    }

    @Test("A server that does not know ranges is noticed")
    func wholeForRange() async throws {
        let script: FaultyProxy.Script = { line, _ in
            guard line.hasPrefix("GET") else { return .none }
            return .rewrite { $0.replacing("206 Partial Content", with: "200 OK") }
        }
        try await S3House.run(through: script) { (house) async throws in
            try await house.client.put("a", .bytes(noise(1000)))
            let failure = try await house.failure { _ = try await house.client.get("a", 10..<20) }
            #expect(failure?.code == .invalidAnswer)
        }
    }

    @Test("A byte that changes on the way there is refused by the server and sent again")
    func corruptedUpload() async throws {
        let folder = try TemporaryFolder()
        let bytes = noise(600_000)
        try Data(bytes).write(to: URL(filePath: folder.path + "/file"))
        let file = try OpenFile(path: folder.path + "/file")
        try await S3House.run(through: { _, number in number % 2 == 1 ? .corruptRequest : .none }) { house in
            try await house.client.put("a", .bytes(bytes))
            try await house.client.put("b", .file(file))
            #expect(house.pauses.all.count == 2 && house.proxy?.log.lines.count == 4)
            let etag = try await house.client.head("a")?.etag
            #expect(try await house.client.head("b")?.etag == etag)
        }
    }

    @Test("An upload that is cut, and one whose answer is lost, are sent again from the beginning")
    func cutUpload() async throws {
        let folder = try TemporaryFolder()
        let bytes = noise(3 << 20)
        try Data(bytes).write(to: URL(filePath: folder.path + "/file"))
        let file = try OpenFile(path: folder.path + "/file")
        let script: FaultyProxy.Script = { line, number in
            guard line.hasPrefix("PUT") else { return .none }
            return number == 1 ? .cutRequest(after: 1 << 20) : number == 2 ? .lose : .none
        }
        try await S3House.run(through: script) { (house) async throws in
            try await house.client.put("a", .file(file))
            #expect(try await house.client.get("a") == bytes)
            #expect(house.pauses.all.count == 2)
        }
    }

    @Test("An upload is completed although the answer to that is lost")
    func lostCompletion() async throws {
        let script: FaultyProxy.Script = { line, _ in
            line.hasPrefix("POST") && line.contains("?uploadId=") ? .lose : .none
        }
        try await S3House.run(through: script, { $0.retries.tries = 2 }) { (house) async throws in
            let upload = try await house.client.createUpload("a")
            let part = try await house.client.uploadPart(upload, 1, .bytes(noise(1000)))
            // The server knows for a while what it completed; one that does not is played by the script below.
            #expect(try await house.failure { try await house.client.complete(upload, [part]) }?.code == .unreachable)
            #expect(try await house.client.get("a") == noise(1000))
        }
        let forgetful: FaultyProxy.Script = { line, number in
            guard line.hasPrefix("POST"), line.contains("?uploadId=") else { return .none }
            return number == 3 ? .lose : .answer(Self.failure("404 Gone", "NoSuchUpload"))
        }
        try await S3House.run(through: forgetful) { (house) async throws in
            let upload = try await house.client.createUpload("a")
            let part = try await house.client.uploadPart(upload, 1, .bytes(noise(1000)))
            let object = try await house.client.complete(upload, [part])
            #expect(object.byteCount == 1000)
        }
    }

    @Test("A failure that comes after 200 is a failure")
    func lateFailure() async throws {
        let late = Self.failure("200 OK", "InternalError")
        let script: FaultyProxy.Script = { line, number in
            line.hasPrefix("PUT") && line.contains("/copy") && number < 5 ? .answer(late) : .none
        }
        try await S3House.run(through: script) { (house) async throws in
            try await house.client.put("a", .bytes([1, 2, 3]))
            try await house.client.copy("a", to: "copy")
            #expect(try await house.client.get("copy") == [1, 2, 3] && house.pauses.all.count == 2)
        }
    }

    // A server that answers the next time may be slower than this limit: that it would be heard then is tested above.
    @Test("A server that does not answer is left, and asked again some times")
    func hangs() async throws {
        try await S3House.run(
            through: { _, _ in .hang },
            {
                $0.timeouts.firstByte = .milliseconds(50)
                $0.retries.tries = 3
            }
        ) { (house) async throws in
            let failure = try await house.failure { try await house.client.put("a", .bytes([1])) }
            #expect(failure?.code == .timedOut && house.pauses.all.count == 2)
            #expect(house.proxy?.log.lines.count == 3)
        }
    }

    @Test("Nobody listens: tried again, and the settings are named")
    func nobody() async throws {
        let location = try S3Location("s3://films?endpoint=http://127.0.0.1:1")
        try await S3House.run({ $0.location = location }) { (house) async throws in
            let failure = try await house.failure { try await house.client.check() }
            #expect(failure?.code == .unreachable && house.pauses.all.count == 5)
            #expect(failure?.description.contains("look into s3://films/ at http://127.0.0.1:1") == true)
            await house.client.shutdown()
            #expect(try await house.failure { try await house.client.check() }?.code == .stopping)
        }
    }

    @Test("A machine whose clock is hours away learns the server's time and signs with it", arguments: [7200, -90_000])
    func clock(away: Int) async throws {
        let change = { (configuration: inout S3Client.Configuration) in
            configuration.wall = { HTTPDate.now.secondsSince1970 + away }
        }
        try await S3House.run(through: { _, _ in .none }, change) { (house) async throws in
            try await house.client.put("a", .bytes([1, 2, 3]))
            #expect(house.proxy?.log.lines.count == 2)
            // Known from then on, for addresses as well.
            #expect(try await house.client.get("a") == [1, 2, 3])
            #expect(house.proxy?.log.lines.count == 3)
            #expect(try await house.fetch(house.client.presign("a", for: .seconds(60))).bytes == [1, 2, 3])
        }
        // HEAD has no body that could say which refusal it is.
        try await S3House.run(change) { (house) async throws in #expect(try await house.client.head("a") == nil) }
    }

    @Test("A server that refuses the time and tells its own wrongly, or not, is not asked again and again")
    func brokenClock() async throws {
        let now = "Date: \(HTTPDate.now.description)\r\n"
        for date in ["", now, "Date: yesterday\r\n"] {
            let answer = Self.failure("403 No", "RequestTimeTooSkewed", date)
            try await S3House.run(through: { _, _ in .answer(answer) }) { (house) async throws in
                let failure = try await house.failure { try await house.client.put("a", .bytes([1])) }
                #expect(failure?.code == .wrongClock && house.proxy?.log.lines.count == 1)
                #expect(failure?.description.contains("Set this machine's clock") == true)
            }
        }
    }
}
