import FoundationEssentials
import Testing

@testable import TestSupport
@testable import Videos

@Suite("Orders and counts of a search that the index has")
struct FacetsTests {
    @Test("The text of a video's names says what it was made of")
    func text() {
        for facets in [
            Facets(category: "Heart", tags: ["a", "b c"], people: ["Ann"]), Facets(category: nil, tags: [], people: []),
            Facets(category: nil, tags: ["ж"], people: []), Facets(category: "x", tags: [], people: ["B", "C"]),
        ] {
            #expect(Facets(text: facets.text) == facets)
        }
    }

    @Test("Names are counted by kind, the most frequent first and equals in the order of their bytes")
    func count() {
        let texts = [
            Facets(category: "Heart", tags: ["b", "a"], people: ["Ann"]),
            Facets(category: "Heart", tags: ["b"], people: []), Facets(category: nil, tags: [], people: ["ann"]),
        ].map { "ready" + Facets.statusMark + $0.text }
        let counts = Facets.count(texts.joined(separator: Facets.videosMark), of: 3)
        #expect(counts.total == 3)
        #expect(counts.status.map(\.value) == ["ready"] && counts.status.map(\.count) == [3])
        #expect(counts.category.map(\.value) == ["Heart"] && counts.category.map(\.count) == [2])
        #expect(counts.tag.map(\.value) == ["b", "a"] && counts.tag.map(\.count) == [2, 1])
        #expect(counts.person.map(\.value) == ["Ann", "ann"])
        #expect(Facets.count("", of: 0) == FoundCounts())
    }

    @Test("Of more names than are told those come that are most frequent, in the order of all")
    func many() {
        // The name of two digits is there as often as it has tens.
        let names = (10..<99).flatMap { number in Array(repeating: "\(number)", count: number / 10) }.shuffled()
        let texts = names.map { "ready" + Facets.statusMark + Facets(category: nil, tags: [$0], people: []).text }
        let counts = Facets.count(texts.joined(separator: Facets.videosMark), of: texts.count)
        let all = (10..<99).sorted { ($1 / 10, $0) < ($0 / 10, $1) }
        #expect(counts.tag == all.prefix(FoundCounts.mostValues).map { .init(value: "\($0)", count: $0 / 10) })
    }

    @Test(
        "What has the words comes in the order of uploads, page by page, in whatever order it was indexed",
        arguments: [
            ("newest", ["Ballad 4", "Ballad 3", "Ballad 2", "Ballad 1"]), ("oldest", (1...4).map { "Ballad \($0)" }),
        ])
    func age(sort: String, titles: [String]) async throws {
        let house = try await VideoHouse()
        for number in [3, 1, 4, 2] {
            try await house.add("Ballad \(number)") { $0.createdAt += Double(number) }
        }
        var (found, cursor): ([String], String?) = ([], nil)
        repeat {
            let page =
                if let cursor {
                    try await house.search("ballad", ["sort": sort, "limit": "1", "cursor": cursor])
                } else {
                    try await house.search("ballad", ["sort": sort, "limit": "1"])
                }
            found += page.titles
            cursor = page.nextCursor
        } while cursor != nil && found.count < 10
        #expect(found == titles)
        await house.close()
    }

    @Test("A word is found however it goes on, in few ways and in many", arguments: [2, 30])
    func beginnings(ways: Int) async throws {
        let house = try await VideoHouse()
        for number in 0..<ways {
            try await house.add("Violinist\(number) of \(number)") { $0.tags = ["violino\(number)"] }
        }
        try await house.add("Violin and violinist0")
        try await house.add("Violin")
        try await house.add("Viola")
        let found = try await house.search("violin", ["limit": "50"])
        #expect(found.titles.count == ways + 2)
        // The very word counts twice; that another one begins so as well counts for nothing more.
        #expect(found.titles.prefix(2) == ["Violin", "Violin and violinist0"])
        #expect(try await house.search("violin", ["limit": "50", "sort": "newest"]).titles.count == ways + 2)
        let suggested = try await house.suggestions("vio")
        #expect(suggested.count == min(10, ways + 5) && suggested.contains { $0.hasPrefix("tag violino") })
        await house.close()
    }

    @Test("Filters of a search leave out what has no such name, however the name is written")
    func filters() async throws {
        let house = try await VideoHouse()
        for (title, category, tags) in [
            ("Ballad one", "Heart & Lung", ["a-b", "!"]), ("Ballad two", "Heart", ["a", "b"]),
            ("Ballad three", "!", ["!"]),
        ] {
            try await house.add(title) { ($0.category, $0.tags, $0.people) = (category, tags, ["Ángel Ö"]) }
        }
        for (filter, titles) in [
            (["category": "Heart & Lung"], ["Ballad one"]), (["category": "Heart"], ["Ballad two"]),
            (["category": "!"], ["Ballad three"]), (["tag": "a-b"], ["Ballad one"]), (["tag": "b"], ["Ballad two"]),
            (["category": "lung"], []), (["person": "Ángel Ö"], ["Ballad one", "Ballad three", "Ballad two"]),
        ] as [(KeyValuePairs<String, String>, [String])] {
            #expect(try await house.search("ballad", filter).titles.sorted() == titles, "\(filter)")
        }
        await house.close()
    }

    @Test("Videos of one moment are all found")
    func moment() async throws {
        let house = try await VideoHouse()
        let moment = Date(timeIntervalSince1970: 1_700_000_000)
        for number in 0..<5 { try await house.add("Ballad \(number)") { $0.createdAt = moment } }
        #expect(try await house.search("ballad", ["sort": "newest"]).titles.count == 5)
        await house.close()
    }

    @Test("A list of a tag and of a person goes page by page in the order of uploads")
    func named() async throws {
        let house = try await VideoHouse()
        for number in [3, 1, 4, 2] {
            try await house.add("Ballad \(number)") {
                $0.createdAt += Double(number)
                $0.tags = ["song"]
                $0.people = number == 3 ? [] : ["Ann"]
            }
        }
        let viewer = Viewer(id: .init(), role: .admin)
        for (person, titles) in [(nil, [4, 3, 2, 1]), ("Ann", [4, 2, 1])] as [(String?, [Int])] {
            var query = VideoQuery()
            (query.tag, query.person, query.limit) = ("song", person, 1)
            var found: [String] = []
            repeat {
                let page = try await house.database.read { [query] in
                    try VideoStore().list(query, for: viewer, in: $0)
                }
                found += page.videos.map(\.title)
                query.cursor = page.next
            } while query.cursor != nil && found.count < 10
            #expect(found == titles.map { "Ballad \($0)" })
        }
        await house.close()
    }
}
