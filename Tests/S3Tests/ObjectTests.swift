import Cryptography
import FoundationEssentials
import Reactor
import Testing

@testable import S3
@testable import TestSupport

@Suite("Objects on a real server")
struct ObjectTests {
    @Test("What is stored comes back, as a whole and in ranges, and is known by its size and checksum")
    func roundTrip() async throws {
        try await S3House.run { (house) async throws in
            let bytes = noise(300_000)
            let stored = try await house.client.put("films/a b+c&ü.mp4", .bytes(bytes), type: "video/mp4")
            #expect(stored.byteCount == bytes.count && stored.sha256 == SHA256.hash(bytes))
            #expect(try await house.client.head("films/a b+c&ü.mp4") == stored)
            #expect(try await house.client.get("films/a b+c&ü.mp4") == bytes)
            for range in [0..<1, 299_999..<300_000, 1000..<200_000, 0..<300_000, 5..<5] {
                #expect(try await house.client.get("films/a b+c&ü.mp4", range) == Array(bytes[range]), "\(range)")
            }
        }
    }

    @Test("An empty object is one")
    func empty() async throws {
        try await S3House.run { (house) async throws in
            try await house.client.put("empty", .bytes([]))
            #expect(try await house.client.head("empty")?.byteCount == 0)
            #expect(try await house.client.get("empty") == [])
        }
    }

    @Test("What is not there is not there")
    func missing() async throws {
        try await S3House.run { (house) async throws in
            let client = house.client
            #expect(try await client.head("none") == nil)
            try await client.delete("none")
            try await client.delete(["none", "none/2"])
            for work in [
                { _ = try await client.get("none") }, { _ = try await client.get("none", 0..<5) },
                { _ = try await client.get("none", 3..<3) }, { _ = try await client.copy("none", to: "other") },
            ] as [() async throws -> Void] {
                #expect(try await house.failure(work)?.code == .noSuchKey)
            }
            #expect(house.pauses.all.isEmpty)
        }
    }

    @Test("A range beyond the end, an object that is too large, and another object than before are errors")
    func refused() async throws {
        try await S3House.run { (house) async throws in
            let client = house.client
            let first = try await client.put("a", .bytes(noise(1000)))
            for range in [0..<1001, 1000..<1001, 5000..<6000] {
                #expect(try await house.failure { _ = try await client.get("a", range) }?.code == .wrongSize)
            }
            #expect(try await house.failure { _ = try await client.get("a", -1..<4) }?.code == .invalidRequest)
            #expect(try await client.get("a", most: 1000).count == 1000)
            #expect(try await house.failure { _ = try await client.get("a", most: 999) }?.code == .tooLarge)
            try await client.put("a", .bytes(noise(1000, seed: 2)))
            let changed = try await house.failure { try await client.read("a", of: first) { _ in } }
            #expect(changed?.code == .changed)
            #expect(try await house.failure { _ = try await client.head("a/../b") }?.code == .invalidRequest)
            #expect(house.pauses.all.isEmpty)
        }
    }

    @Test("Files: a small one, an empty one, a part of one; read back into a file at an offset")
    func files() async throws {
        let folder = try TemporaryFolder()
        let bytes = noise(700_001)
        try Data(bytes).write(to: URL(filePath: folder.path + "/source"))
        try Data().write(to: URL(filePath: folder.path + "/none"))
        try await S3House.run { (house) async throws in
            let source = try OpenFile(path: folder.path + "/source")
            let stored = try await house.client.put("f", .file(source))
            #expect(stored.sha256 == SHA256.hash(bytes) && stored.byteCount == bytes.count)
            #expect(try await house.client.get("f") == bytes)
            try await house.client.put(
                "part", .file(source, 100..<500_000), sha256: SHA256.hash(Array(bytes[100..<500_000])))
            #expect(try await house.client.get("part") == Array(bytes[100..<500_000]))
            try await house.client.put("none", .file(OpenFile(path: folder.path + "/none")))
            #expect(try await house.client.get("none") == [])

            let target = folder.path + "/target"
            try await house.client.download("f", to: target)
            #expect(try Data(contentsOf: URL(filePath: target)) == Data(bytes))
            try await house.client.download("f", 0..<1000, to: target, at: 500)
            let changed = bytes[..<500] + bytes[..<1000] + bytes[1500...]
            #expect(try Data(contentsOf: URL(filePath: target)) == Data(changed))
            let failure = try await house.failure { try await house.client.download("f", to: folder.path + "/no/file") }
            #expect(failure?.code == .file)
        }
    }

    @Test("A file that does not have the checksum it is said to have is refused by the server, and nothing is stored")
    func wrongChecksum() async throws {
        try await S3House.run { (house) async throws in
            let failure = try await house.failure {
                try await house.client.put("a", .bytes([1, 2, 3]), sha256: SHA256.hash("others"))
            }
            #expect(failure?.code == .damaged && failure?.serverCode == "BadDigest")
            #expect(try await house.client.head("a") == nil)
        }
    }

    @Test("Lists in pages, below a prefix, with names as they are")
    func lists() async throws {
        try await S3House.run { (house) async throws in
            let keys = ["a/1", "a/2", "a/b/3", "a b/+&%41", "c", "ü/ключ"]
            for key in keys { try await house.client.put(key, .bytes(Array(key.utf8))) }
            #expect(try await Set(all(house.client, below: "", most: 2).map(\.key)) == Set(keys))
            let some = try await all(house.client, below: "a/", most: 1000)
            #expect(some.map(\.key) == ["a/1", "a/2", "a/b/3"] && some.map(\.byteCount) == [3, 3, 5])
            let known = try await house.client.head("a/1")
            #expect(some.first.map { [$0.key, $0.etag] } == known.map { [$0.key, $0.etag] })
            #expect(try await all(house.client, below: "none", most: 1000).isEmpty)
        }
    }

    private func all(_ client: S3Client, below prefix: String, most: Int) async throws -> [S3Object] {
        var found: [S3Object] = []
        var page = try await client.list(below: prefix, most: most)
        found += page.items
        while let next = page.next {
            #expect(page.items.count <= most)
            page = try await client.list(below: prefix, from: next, most: most)
            found += page.items
        }
        return found
    }

    @Test("Many are deleted with a few requests")
    func deletes() async throws {
        try await S3House.run(through: { _, _ in .none }) { (house) async throws in
            let keys = (0..<8).map { "d/<\($0)> & \"q\"" }
            for key in keys { try await house.client.put(key, .bytes([1])) }
            try await house.client.put("kept", .bytes([1]))
            let asked = house.proxy?.log.lines.count ?? 0
            try await house.client.delete(keys + (0..<1500).map { "none/\($0)" })
            #expect(house.proxy?.log.lines.count == asked + 2)
            #expect(try await house.client.list().items.map(\.key) == ["kept"])
            try await house.client.delete("kept")
            #expect(try await house.client.list().items.isEmpty)
        }
    }

    @Test(
        "A copy is the server's work, in one piece or in parts, and keeps the checksum", arguments: [1 << 30, 6 << 20])
    func copies(most: Int) async throws {
        try await S3House.run({ $0.copyByteCount = most }) { (house) async throws in
            let bytes = noise(13 << 20)
            try await house.client.put("a b", .bytes(bytes))
            let copy = try await house.client.copy("a b", to: "copies/a+b")
            #expect(copy.byteCount == bytes.count)
            #expect(try await house.client.head("copies/a+b")?.sha256 == SHA256.hash(bytes))
            #expect(try await house.client.get("copies/a+b") == bytes)
            #expect(try await house.client.uploads().items.isEmpty)
        }
    }

    @Test("A presigned address is read by anybody, as it was meant, and no other address is")
    func presigned() async throws {
        try await S3House.run { (house) async throws in
            let bytes = noise(5000)
            try await house.client.put("films/a b.mp4", .bytes(bytes))
            let name = "attachment; filename=\"a b.mp4\""
            let url = try house.client.presign(
                "films/a b.mp4", for: .seconds(60), disposition: name, type: "video/mp4")
            let answer = try await house.fetch(url)
            #expect(answer.status == 200 && answer.bytes == bytes)
            #expect(answer.headers["content-disposition"] == name && answer.headers["content-type"] == "video/mp4")
            #expect(try await house.fetch(url.replacing("a%20b.mp4?", with: "other?")).status == 403)
            #expect(try await house.fetch(url.replacing("video%2Fmp4", with: "text%2Fhtml")).status == 403)
            #expect(!url.contains(house.client.configuration.credentials.secretAccessKey))
        }
    }

    @Test("A presigned address ends")
    func presignedEnd() async throws {
        try await S3House.run({ $0.wall = { 1_600_000_000 } }) { (house) async throws in
            let url = try house.client.presign("a", for: .seconds(60))
            #expect(url.contains("X-Amz-Date=20200913T122640Z&X-Amz-Expires=60&"))
            #expect(try await house.fetch(url).status == 403)
        }
    }

    @Test("The server seals what is stored where that is asked for")
    func encryption() async throws {
        try await S3House.run(through: { _, _ in .none }, { $0.encryption = .aes256 }) { (house) async throws in
            let bytes = noise(100_000)
            try await house.client.put("a", .bytes(bytes))
            try await house.client.copy("a", to: "b")
            let upload = try await house.client.createUpload("c")
            let part = try await house.client.uploadPart(upload, 1, .bytes(bytes))
            try await house.client.complete(upload, [part])
            for key in ["a", "b", "c"] { #expect(try await house.client.get(key) == bytes, "\(key)") }
            let asked = house.proxy?.log.all.filter {
                $0.lowercased().contains("x-amz-server-side-encryption: aes256\r\n")
            }
            #expect(asked?.count == 3)
        }
    }

    @Test("A wrong secret and a bucket that is not there are told for what they are")
    func settings() async throws {
        try await S3House.run({
            $0.credentials = S3Credentials(accessKeyID: $0.credentials.accessKeyID, secretAccessKey: "WRONG")
        }) { (house) async throws in
            let failure = try await house.failure { try await house.client.check() }
            #expect(failure?.code == .wrongCredentials && failure?.serverCode == "SignatureDoesNotMatch")
            let words = failure?.description ?? ""
            #expect(words.contains("status 403, request ") && words.contains("Check AWS_ACCESS_KEY_ID"))
            #expect(!words.contains("WRONG") && house.pauses.all.isEmpty)
        }
        let endpoint = try TestBucket.endpoint()
        let none = try S3Location("s3://palco-none?endpoint=\(endpoint)")
        try await S3House.run({ $0.location = none }) { (house) async throws in
            #expect(try await house.failure { try await house.client.check() }?.code == .noSuchBucket)
        }
        try await S3House.run { (house) async throws in try await house.client.check() }
    }

    @Test("Credentials that are accepted no more are read again, once, and used from then on")
    func renewal() async throws {
        let good = try TestBucket.fresh().credentials
        let old = S3Credentials(accessKeyID: "old", secretAccessKey: "old")
        for fresh in [good, old, nil] {
            try await S3House.run(
                through: { _, _ in .none },
                {
                    $0.credentials = old
                    $0.renewal = { try fresh ?? S3Credentials(environment: [:]) }
                }
            ) { (house) async throws in
                let failure = try await house.failure { try await house.client.put("a", .bytes([1])) }
                #expect(failure?.code == (fresh == good ? nil : .wrongCredentials))
                #expect(house.proxy?.log.lines.count == (fresh == good ? 2 : 1))
                if fresh == good { #expect(try await house.client.get("a") == [1]) }
            }
        }
        // HEAD has no body that could say which refusal it is.
        try await S3House.run({
            $0.credentials = old
            $0.renewal = { good }
        }) { (house) async throws in #expect(try await house.client.head("a") == nil) }
    }

    @Test("A reader who stops, or fails, ends the transfer, and nothing is asked again")
    func stops() async throws {
        struct Enough: Error {}
        try await S3House.run(through: { _, _ in .none }) { (house) async throws in
            try await house.client.put("a", .bytes(noise(4 << 20)))
            await #expect(throws: Enough.self) { try await house.client.read("a") { _ in throw Enough() } }
            let task = Task { try await house.client.read("a") { _ in withUnsafeCurrentTask { $0?.cancel() } } }
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(house.proxy?.log.lines.count == 3 && house.pauses.all.isEmpty)
        }
    }
}
