import FoundationEssentials
import Glibc
import Reactor
import Synchronization
import Testing

@testable import Storage
@testable import TestSupport

@Suite("Copies of blobs that are elsewhere")
struct BlobCacheTests {
    let temporary: TemporaryStorage

    init() throws { temporary = try TemporaryStorage() }

    func cache(_ mostBytes: Int) throws -> BlobCache { try BlobCache(temporary.folder, mostBytes: mostBytes) }

    /// A blob of so many bytes, and how often it was fetched.
    final class Source: Sendable {
        let fetches = Mutex<[String]>([])

        func fetch(_ name: String, _ count: Int = 1_000) -> BlobCache.Fetch {
            { path in
                self.fetches.withLock { $0.append(name) }
                try WorkFile.write([UInt8](repeating: 7, count: count), to: path)
                return "1"
            }
        }
    }

    @Test("All who ask at the same time get it by one fetch, and the next ones need none")
    func once() async throws {
        let (cache, source) = (try cache(10_000), Source())
        let (opened, open) = AsyncStream.makeStream(of: Void.self)
        let slow: BlobCache.Fetch = { path in
            for await _ in opened {}
            return try await source.fetch("a")(path)
        }
        let readers = (0..<20).map { _ in
            Task { try await cache.content(of: "a", version: nil, fetch: slow)?.file.byteCount }
        }
        open.finish()
        for reader in readers { #expect(try await reader.value == 1_000) }
        #expect(try await cache.content(of: "a", version: "1", fetch: slow) != nil)
        #expect(source.fetches.withLock { $0 } == ["a"])
    }

    @Test("It never keeps more than it may: what was asked for longest ago goes")
    func bounded() async throws {
        let (cache, source) = (try cache(10_000), Source())
        for number in 0..<40 {
            let key = BlobKey("s").appending(number)
            _ = try await cache.content(of: key, version: nil, fetch: source.fetch("\(number)"))
            _ = try await cache.content(of: "s/0", version: nil, fetch: source.fetch("again"))
            #expect(cache.byteCount <= 10_000)
        }
        #expect(cache.knows("s/39") && cache.knows("s/0") && !cache.knows("s/1"))
        #expect(!source.fetches.withLock { $0.contains("again") })
        let files = try temporary.everything.filter { $0.hasPrefix("cache/") }
        #expect(files.count * 1_000 == cache.byteCount)
    }

    @Test("What is in use stays, however little room there is, and a reader keeps what it opened")
    func pinned() async throws {
        let (cache, source) = (try cache(1_500), Source())
        let copy = try await cache.copy(of: "o", version: "1", fetch: source.fetch("o", 5_000))
        let other = try #require(try await cache.content(of: "a", version: nil, fetch: source.fetch("a"))).file
        #expect(FileManager.default.contents(atPath: copy.path)?.count == 5_000)
        #expect(!cache.knows("a"))
        #expect(try other.read(0..<1_000).count == 1_000)
        copy.release()
        #expect(!FileManager.default.fileExists(atPath: copy.path) && cache.byteCount == 0)
    }

    @Test("The next start finds what is whole, and sweeps what is not")
    func restart() async throws {
        let source = Source()
        let cache = try cache(10_000)
        for name in ["v/1", "v/2"] {
            _ = try await cache.content(of: try #require(BlobKey(name)), version: nil, fetch: source.fetch(name))
        }
        try Data([1]).write(to: URL(filePath: "\(temporary.root)/cache/half"))
        try Data([1]).write(to: URL(filePath: "\(temporary.root)/.incoming/half"))
        #expect(try temporary.folder.sweepLeftovers(work: []) == 1)
        let next = try self.cache(10_000)
        #expect(next.knows("v/1") && next.knows("v/2") && next.byteCount == 2_000)
        #expect(try await next.content(of: "v/1", version: "1", fetch: source.fetch("again"))?.file.byteCount == 1_000)
        #expect(source.fetches.withLock { $0 } == ["v/1", "v/2"])
        #expect(try temporary.everything.filter { $0.hasSuffix("half") }.isEmpty)
        #expect(try self.cache(1_000).byteCount <= 1_000)
    }

    @Test("A fetch that fails leaves nothing, and the next one may do better")
    func failing() async throws {
        struct Cut: Error {}
        let (cache, source) = (try cache(10_000), Source())
        await #expect(throws: Cut.self) {
            try await cache.content(of: "a", version: nil) { path in
                try WorkFile.write([1], to: path)
                throw Cut()
            }
        }
        #expect(try await cache.content(of: "a", version: nil, fetch: { _ in nil }) == nil)
        #expect(try temporary.everything == [".incoming", "cache"])
        #expect(try await cache.content(of: "a", version: nil, fetch: source.fetch("a")) != nil)
    }

    @Test("What is removed while it is fetched is not kept, and another version is fetched anew")
    func forgotten() async throws {
        let (cache, source) = (try cache(10_000), Source())
        let content = try await cache.content(of: "a", version: nil) { path in
            cache.forget { $0 == "a" }
            return try await source.fetch("a")(path)
        }
        #expect(content != nil && !cache.knows("a"))
        _ = try await cache.content(of: "a", version: "1", fetch: source.fetch("a"))
        let newer = try await cache.content(of: "a", version: "2") { path in
            _ = try await source.fetch("a", 10)(path)
            return "2"
        }
        #expect(newer?.file.byteCount == 10 && cache.byteCount == 10)
        #expect(try temporary.everything == [".incoming", "cache", "cache/a~2"])
    }

    @Test(
        "What others forget meanwhile does not matter, and what is replaced while it is fetched for a reader is fetched again"
    )
    func forgottenBeside() async throws {
        let (cache, source) = (try cache(10_000), Source())
        let copy = try await cache.copy(of: "a", version: "1") { path in
            cache.forget { $0 == "b" }
            return try await source.fetch("a")(path)
        }
        #expect(access(copy.path, R_OK) == 0 && source.fetches.withLock { $0 } == ["a"])
        copy.release()
        let other = try await cache.copy(of: "c", version: "1") { path in
            if source.fetches.withLock({ $0.count }) == 1 { cache.forget { $0 == "c" } }
            return try await source.fetch("c")(path)
        }
        #expect(access(other.path, R_OK) == 0 && source.fetches.withLock { $0 } == ["a", "c", "c"])
        other.release()
        // Removed for good.
        await #expect(throws: StorageError.missing("d")) {
            _ = try await cache.copy(of: "d", version: "1") { _ in nil }
        }
    }

    @Test("A file that somebody took away is fetched again")
    func tidiedUp() async throws {
        let (cache, source) = (try cache(10_000), Source())
        _ = try await cache.content(of: "a", version: nil, fetch: source.fetch("a"))
        try FileManager.default.removeItem(atPath: "\(temporary.root)/cache/a~1")
        #expect(try await cache.content(of: "a", version: nil, fetch: source.fetch("b")) != nil)
        #expect(source.fetches.withLock { $0 } == ["a", "b"] && cache.byteCount == 1_000)
    }
}
