import Accounts
import FoundationEssentials
import HTTP
import Media
import Testing

@testable import TestSupport
@testable import Videos

@Suite("Searching the library")
struct SearchTests {
    @Test("A video is found by each of its texts, and a better place comes first")
    func places() async throws {
        let house = try await VideoHouse()
        let said = try await house.add("Said")
        try await house.add("Described") { $0.description = "About the valve" }
        try await house.add("Tagged") { $0.tags = ["valve"] }
        try await house.add("Shown") { $0.people = ["Ann Valve"] }
        try await house.add("Filed") { $0.category = "Valve" }
        try await house.add("The valve of the heart")
        try await house.add("Valve")
        try await house.add("Something else")
        try await house.database.write { transaction in
            let document = SearchDocument(said, spoken: ["And here you see the valve.", "Nothing"])
            try VideoStore().index(document, in: transaction)
        }
        let titles = try await house.search("valve").titles
        #expect(titles.prefix(2) == ["Valve", "The valve of the heart"])
        #expect(Set(titles.dropFirst(2).prefix(3)) == ["Tagged", "Shown", "Filed"])
        #expect(titles.dropFirst(5) == ["Described", "Said"])
        await house.close()
    }

    @Test("The very word comes before another form of it, and a video with all words before none")
    func closeness() async throws {
        let house = try await VideoHouse()
        try await house.add("Operating rooms")
        try await house.add("Operation rooms")
        try await house.add("Operations")
        #expect(try await house.search("operation").titles.first == "Operation rooms")
        #expect(try await house.search("operations rooms").titles == ["Operation rooms", "Operating rooms"])
        // Where none has all, those with any are shown.
        #expect(try await house.search("operations garden").titles.first == "Operations")
        #expect(try await house.search("garden").titles.isEmpty)
        await house.close()
    }

    @Test(
        "Words that say nothing are left out, unless there are no others; marks of a query language are no such marks",
        arguments: [
            ("what is the hernia", ["Hernia"]), ("the", ["The end"]), ("hernia OR NOT", []), ("\"hernia\"", ["Hernia"]),
            ("title:hernia", ["Hernia"]), ("hernia* & !z | 'a' <-> q", ["Hernia"]), ("-hernia", ["Hernia"]),
            ("' OR 1=1 --", []), ("x-ray", ["X-ray pictures"]), ("xray", ["X-ray pictures"]), ("HERNIA", ["Hernia"]),
            ("surgeon", ["A surgeon's day"]), ("surgeon’s", ["A surgeon's day"]), ("2025", ["Year 2025"]),
        ])
    func marks(text: String, titles: [String]) async throws {
        let house = try await VideoHouse()
        for title in ["Hernia", "The end", "X-ray pictures", "A surgeon's day", "Year 2025"] {
            try await house.add(title)
        }
        let found = try await house.search(text).titles
        if titles.isEmpty { #expect(found.count <= 1) } else { #expect(found == titles) }
        await house.close()
    }

    @Test("The index follows each change in its transaction, and a removed video is not found")
    func following() async throws {
        let house = try await VideoHouse()
        var video = try await house.add("Cholera") { $0.tags = ["old"] }
        let path = "/api/v1/videos/\(video.id)"
        let change = try await house.client(.creator).send(.patch, path, json: ["title": "Malaria"])
        #expect(change.status == .ok)
        #expect(try await house.search("malaria").titles == ["Malaria"])
        #expect(try await house.search("cholera").titles.isEmpty)
        video.title = "Typhus"
        let failing = video
        await #expect(throws: VideoError.self) {
            try await house.database.write { transaction in
                try VideoStore().update(failing, in: transaction)
                throw VideoError.notFound
            }
        }
        #expect(try await house.search("typhus").titles.isEmpty)
        #expect(try await house.search("malaria").titles == ["Malaria"])
        #expect(try await house.client(.creator).send(.delete, path).status == .noContent)
        #expect(try await house.search("malaria").titles.isEmpty)
        #expect(try await house.client(.creator).send(.delete, "/api/v1/trash/\(video.id)").status == .noContent)
        let left: Int? = try await house.database.read {
            try $0.first("SELECT COUNT(*) AS count FROM search_documents")?.value("count")
        }
        #expect(left == 0)
        await house.close()
    }

    @Test(
        "Filters combine with words and with each other",
        arguments: [
            ("category=Heart", ["A", "B"]), ("category=Heart&tag=one", ["A"]), ("tag=one&tag=two", ["A"]),
            ("tag=one", ["A", "C"]), ("person=Ann", ["B"]), ("status=failed", ["C"]), ("premium=true", ["B"]),
            ("premium=false", ["A", "C"]), ("min_duration=10", ["B", "C"]), ("max_duration=10", ["A", "B"]),
            ("min_duration=10&max_duration=10", ["B"]), ("from=2027-01-16", ["B", "C"]), ("to=2027-01-16", ["A", "B"]),
            ("from=2027-01-16T08:00:00Z&to=2027-01-16T08:00:00Z", ["B"]), ("uploader=CREATOR", ["A", "B"]),
            ("language=es", ["A"]), ("language=ES-419", ["C"]), ("language=spa&tag=one&category=Heart", ["A"]),
            ("language=es&tag=two&person=Ann", []), ("language=ru", []),
            ("uploader=CREATOR&premium=true&tag=two&category=Heart&status=ready&min_duration=1", ["B"]),
        ])
    func filters(query: String, titles: [String]) async throws {
        let house = try await VideoHouse()
        try await house.add("A film") {
            ($0.category, $0.tags, $0.duration, $0.language) = ("Heart", ["one", "two"], 5, LanguageTag("es"))
        }
        try await house.add("B film") {
            ($0.category, $0.tags, $0.people, $0.isPremium, $0.duration) = ("Heart", ["two"], ["Ann"], true, 10)
            $0.createdAt += 86_400
        }
        try await house.add("C film") {
            ($0.status, $0.tags, $0.duration, $0.owner) = (.failed, ["one"], 20, house.admin.id)
            $0.language = LanguageTag("es-419")
            $0.createdAt += 2 * 86_400
        }
        let filter = query.replacing("CREATOR", with: "\(house.creator.id)")
        for words in ["q=film&", ""] {
            let answer = try await house.client(.admin).get("/api/v1/videos/search?\(words)sort=title&\(filter)")
            #expect(try answer.decode(VideoHouse.Found.self).titles == titles.map { "\($0) film" })
        }
        await house.close()
    }

    @Test("Every order is followed from page to page without a video twice or left out", arguments: ["film", ""])
    func pages(words: String) async throws {
        let house = try await VideoHouse()
        for number in 0..<9 {
            // Several have the same in each order.
            try await house.add("Film \(number / 2)") {
                $0.checksum = "\(number)"
                $0.createdAt += Double(number / 3)
                $0.duration = number == 4 ? nil : Double(number % 4)
                $0.viewCount = number % 3
                $0.description = number % 2 == 0 ? "film" : "another film"
            }
        }
        for sort in SearchQuery.Sort.allCases {
            let whole = try await house.search(words, ["sort": sort.rawValue]).data.map(\.id)
            #expect(whole.count == 9, "\(sort)")
            var (paged, cursor): ([String], String?) = ([], "")
            while let place = cursor {
                let page = try await house.search(
                    words,
                    place.isEmpty
                        ? ["sort": sort.rawValue, "limit": "2"]
                        : ["sort": sort.rawValue, "limit": "2", "cursor": place])
                #expect(page.counts == nil || place.isEmpty)
                paged += page.data.map(\.id)
                cursor = page.nextCursor
            }
            #expect(paged == whole, "\(sort)")
        }
        await house.close()
    }

    @Test(
        "Each order is the one that its name says",
        arguments: [
            ("newest", "cba"), ("oldest", "abc"), ("longest", "acb"), ("shortest", "bca"), ("most_viewed", "bac"),
            ("title", "cab"), ("relevance", "cba"),
        ])
    func orders(sort: String, order: String) async throws {
        let house = try await VideoHouse()
        let videos: [(String, String, Double, Int, Double)] = [
            ("a", "Émile", 30, 5, 0), ("b", "zoe", 10, 9, 1), ("c", "Anna", 20, 1, 2),
        ]
        for (mark, title, duration, views, age) in videos {
            try await house.add(title) {
                ($0.description, $0.duration, $0.viewCount) = ("film \(mark)", duration, views)
                $0.createdAt += age
            }
        }
        let titles = ["Émile": "a", "zoe": "b", "Anna": "c"]
        let found = try await house.search("film", ["sort": sort]).titles.compactMap { titles[$0] }
        #expect(found.joined() == order)
        await house.close()
    }

    @Test("How many there are of each kind is counted over all pages")
    func counts() async throws {
        let house = try await VideoHouse()
        for number in 0..<5 {
            try await house.add("Film \(number)") {
                $0.category = number < 3 ? "Heart" : nil
                $0.tags = number == 0 ? ["b", "a"] : ["a"]
                $0.people = number == 1 ? ["Ann"] : []
                $0.language = number == 2 ? nil : LanguageTag(number == 3 ? "ru" : "en")
                $0.status = number == 4 ? .failed : .ready
            }
        }
        try await house.add("Other")
        let counts = try #require(try await house.search("film", ["limit": "1"]).counts)
        #expect(counts.total == 5 && counts.category.map(\.value) == ["Heart"] && counts.category[0].count == 3)
        #expect(counts.tag.map { "\($0.value) \($0.count)" } == ["a 5", "b 1"])
        #expect(counts.person.map { "\($0.value) \($0.count)" } == ["Ann 1"])
        #expect(counts.status.map { "\($0.value) \($0.count)" } == ["ready 4", "failed 1"])
        #expect(counts.language.map { "\($0.value) \($0.count)" } == ["en 3", "ru 1"])
        #expect(try await house.search("film", ["language": "ru"]).counts?.language.map(\.count) == [1])
        #expect(try await house.search("film", ["tag": "b"]).counts?.total == 1)
        #expect(try await house.search("", ["limit": "1"]).counts?.total == 6)
        #expect(try await house.search("nowhere").counts?.total == 0)
        await house.close()
    }

    @Test(
        "What cannot be read is refused by its name",
        arguments: [
            "sort=best", "limit=0", "limit=101", "cursor=nonsense", "status=done", "premium=maybe", "uploader=x",
            "language=Spanish", "language=und",
            "min_duration=-1", "max_duration=long", "min_duration=inf", "from=yesterday", "to=2027-13-01",
            "cursor=bmV3ZXN0IHggMQ&sort=title", "tag=1&tag=2&tag=3&tag=4&tag=5&tag=6&tag=7&tag=8&tag=9&tag=10&tag=11",
            "q=" + String(repeating: "x", count: 401),
        ])
    func refusals(query: String) async throws {
        struct Refusal: Decodable {
            struct Field: Decodable { var field: String }
            var errors: [Field]
        }
        let house = try await VideoHouse()
        let answer = try await house.client(.user).get("/api/v1/videos/search?\(query)")
        #expect(answer.status.code == 422)
        #expect(try answer.decode(Refusal.self).errors.map(\.field) == [String(query.prefix { $0 != "=" })])
        await house.close()
    }

    @Test("A cursor of another order is refused")
    func foreignCursor() async throws {
        let house = try await VideoHouse()
        for number in 0..<3 { try await house.add("Film \(number)") }
        let cursor = try #require(try await house.search("", ["limit": "1"]).nextCursor)
        let answer = try await house.client(.user).get("/api/v1/videos/search?sort=title&cursor=\(cursor)")
        #expect(answer.status.code == 422)
        await house.close()
    }
}
