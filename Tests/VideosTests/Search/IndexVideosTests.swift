import FoundationEssentials
import SQL
import Testing

@testable import TestSupport
@testable import Videos

@Suite("Bringing the index up to date")
struct IndexVideosTests {
    private func count(_ table: String, _ house: VideoHouse) async throws -> Int {
        try await house.database.read { try $0.first("SELECT COUNT(*) AS count FROM \(table)")?.value("count") ?? 0 }
    }

    /// As a database is that was copied, or made before there was an index.
    private func forget(_ house: VideoHouse) async throws {
        try await house.database.write { transaction in
            for id in try VersionStore().allIDs(in: transaction).map(\.asVideo) {
                try transaction.searchIndex.remove(id, in: transaction)
            }
            try transaction.execute("DELETE FROM search_words")
            try transaction.execute("DELETE FROM search_trigrams")
        }
    }

    @Test("What is not in it is taken in, piece by piece, and once")
    func missing() async throws {
        let house = try await VideoHouse()
        for number in 0..<45 { try await house.add("Ballad \(number)") }
        try await forget(house)
        #expect(try await house.search("ballad").titles.isEmpty)
        #expect(try await house.videos.index() == 45)
        #expect(try await house.search("balald", ["limit": "100"]).titles.count == 45)
        #expect(try await house.videos.index() == 0)
        await house.close()
    }

    @Test("What was analysed in another way is analysed again")
    func older() async throws {
        let house = try await VideoHouse()
        try await house.add("Ballad")
        try await house.add("Sonnet")
        _ = try await house.database.write { transaction in
            try transaction.execute("UPDATE search_documents SET version = version - 1 WHERE title_key = 'ballad'")
        }
        #expect(try await house.videos.index() == 1)
        #expect(try await house.search("ballad").titles == ["Ballad"])
        await house.close()
    }

    @Test("Words that no video has any more are forgotten, others stay")
    func words() async throws {
        let house = try await VideoHouse()
        let gone = try await house.add("Ballad")
        try await house.add("Sonnet") { $0.isHidden = true }
        try await house.database.write { transaction in _ = try VideoStore().remove(gone.id, in: transaction) }
        #expect(try await count("search_words", house) == 2)
        #expect(try await house.videos.index.forgetUnusedWords() == 1)
        #expect(try await count("search_words", house) == 1)
        let trigrams = SearchVocabulary.trigrams(of: "sonnet").count
        #expect(try await count("search_trigrams", house) == trigrams)
        #expect(try await house.search("sonnte").titles == ["Sonnet"])
        await house.close()
    }

    @Test("Of a text without end as much is indexed as both databases can keep, and the title in any case")
    func endless() async throws {
        let house = try await VideoHouse()
        let video = try await house.add("Talk")
        let said = (0..<20_000).map { "\($0)" + String(repeating: "ж", count: 40) }.joined(separator: " ")
        let document = SearchDocument(video, spoken: [said])
        #expect(document.terms[.spoken]?.count ?? 0 > 5_000)
        // Only the index: the vocabulary would take long to write.
        try await house.database.write { try $0.searchIndex.put(document, in: $0) }
        #expect(try await house.search("talk").titles == ["Talk"])
        #expect(try await house.search("1" + String(repeating: "ж", count: 39)).titles == ["Talk"])
        await house.close()
    }

    @Test("A text of any size is indexed as one of its words")
    func large() async throws {
        let house = try await VideoHouse()
        let video = try await house.add("Talk")
        let said = (0..<3_000).map { "word\($0 % 1_500)" }.joined(separator: " ")
        try await house.database.write { transaction in
            try VideoStore().index(SearchDocument(video, spoken: [said, "finale"]), in: transaction)
        }
        for text in ["word1499", "finale", "word7 finale"] {
            #expect(try await house.search(text).titles == ["Talk"], "\(text)")
        }
        await house.close()
    }
}
