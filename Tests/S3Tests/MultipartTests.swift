import Cryptography
import FoundationEssentials
import Glibc
import Reactor
import Testing

@testable import S3
@testable import TestSupport

@Suite("Objects in parts")
struct MultipartTests {
    @Test("An upload goes on where somebody else left it: parts in any order, one sent twice, listed, completed")
    func resumed() async throws {
        try await S3House.run { (house) async throws in
            let client = house.client
            let bytes = noise(12 << 20)
            let pieces = [bytes[..<(5 << 20)], bytes[(5 << 20)..<(10 << 20)], bytes[(10 << 20)...]].map { Array($0) }
            let upload = try await client.createUpload("films/one", type: "video/mp4", sha256: SHA256.hash(bytes))
            #expect(try await client.parts(of: upload).isEmpty)
            _ = try await client.uploadPart(upload, 2, .bytes(pieces[1]))
            _ = try await client.uploadPart(upload, 2, .bytes(pieces[1]))
            _ = try await client.uploadPart(upload, 1, .bytes(pieces[0]))
            #expect(try await client.head("films/one") == nil)
            #expect(try await client.uploads(below: "films/").items.map(\.upload) == [upload])
            #expect(try await client.uploads(below: "other/").items.isEmpty)

            var parts = try await client.parts(of: upload)
            #expect(parts.map(\.number) == [1, 2] && parts.map(\.byteCount) == [5 << 20, 5 << 20])
            parts.append(try await client.uploadPart(upload, 3, .bytes(pieces[2])))
            let object = try await client.complete(upload, parts)
            #expect(object.byteCount == bytes.count && object.sha256 == SHA256.hash(bytes))
            #expect(try await client.get("films/one") == bytes)
            #expect(try await client.uploads().items.isEmpty)
        }
    }

    @Test("A part that is sent again with other bytes takes the place of the first")
    func replaced() async throws {
        try await S3House.run { (house) async throws in
            let upload = try await house.client.createUpload("a")
            _ = try await house.client.uploadPart(upload, 1, .bytes(noise(1000)))
            let part = try await house.client.uploadPart(upload, 1, .bytes(noise(900, seed: 2)))
            try await house.client.complete(upload, [part])
            #expect(try await house.client.get("a") == noise(900, seed: 2))
        }
    }

    @Test("A byte of a part that changes on the way is noticed by the server, and the part is sent again")
    func corrupted() async throws {
        let script: FaultyProxy.Script = { line, number in
            line.hasPrefix("PUT") && number == 2 ? .corruptRequest : .none
        }
        try await S3House.run(through: script) { (house) async throws in
            let upload = try await house.client.createUpload("a")
            let part = try await house.client.uploadPart(upload, 1, .bytes(noise(100_000)))
            #expect(house.pauses.all.count == 1)
            try await house.client.complete(upload, [part])
            #expect(try await house.client.get("a") == noise(100_000))
        }
    }

    @Test("What was given up is gone, and can be given up again")
    func aborted() async throws {
        try await S3House.run { (house) async throws in
            let client = house.client
            let upload = try await client.createUpload("a")
            let part = try await client.uploadPart(upload, 1, .bytes([1, 2, 3]))
            try await client.abort(upload)
            try await client.abort(upload)
            #expect(try await client.uploads().items.isEmpty)
            #expect(try await house.failure { _ = try await client.parts(of: upload) }?.code == .noSuchUpload)
            #expect(try await house.failure { try await client.complete(upload, [part]) }?.code == .noSuchUpload)
            let late = try await house.failure { _ = try await client.uploadPart(upload, 0, .bytes([])) }
            #expect(late?.code == .invalidRequest)
            #expect(try await client.head("a") == nil)
        }
    }

    @Test("A large file goes in parts, each read from the disk, and has its checksum where it was known")
    func largeFile() async throws {
        let folder = try TemporaryFolder()
        let bytes = noise(21 << 20)
        try Data(bytes).write(to: URL(filePath: folder.path + "/film"))
        let file = try OpenFile(path: folder.path + "/film")
        try await S3House.run(through: { _, _ in .none }, { $0.partByteCount = 5 << 20 }) { (house) async throws in
            let stored = try await house.client.put("film", .file(file), sha256: SHA256.hash(bytes))
            #expect(stored.byteCount == bytes.count && stored.sha256 == SHA256.hash(bytes))
            #expect(house.proxy?.log.lines.filter { $0.contains("partNumber=") }.count == 5)
            let target = folder.path + "/target"
            try await house.client.download("film", to: target)
            #expect(try Data(contentsOf: URL(filePath: target)) == Data(bytes))
        }
    }

    @Test("A file that cannot be read to its end is an error, and leaves no upload behind")
    func shortened() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/film"
        try Data(noise(11 << 20)).write(to: URL(filePath: path))
        let file = try OpenFile(path: path)
        #expect(truncate(path, 6 << 20) == 0)
        try await S3House.run({ $0.partByteCount = 5 << 20 }) { (house) async throws in
            let failure = try await house.failure { try await house.client.put("film", .file(file)) }
            #expect(failure?.code == .file)
            #expect(try await house.client.uploads().items.isEmpty)
            #expect(try await house.client.head("film") == nil)
        }
    }
}
