import Accounts
import FoundationEssentials
import Testing

@testable import TestSupport
@testable import Videos

/// What a viewer may not see is in no answer, and changes none.
@Suite("What a search may show")
struct SearchSightTests {
    /// A video of each kind, with words of its own.
    private func library() async throws -> VideoHouse {
        let house = try await VideoHouse()
        func add(_ word: String, _ change: (inout Video) -> Void) async throws {
            try await house.add("Film \(word)") { video in
                (video.description, video.category) = ("\(word)description film", "\(word)category")
                (video.tags, video.people) = (["\(word)tag", "shared"], ["\(word)person"])
                change(&video)
            }
        }
        try await add("plain") { _ in }
        try await add("premium") { $0.isPremium = true }
        try await add("hidden") { $0.isHidden = true }
        try await add("foreign") { ($0.isHidden, $0.owner) = (true, house.admin.id) }
        try await add("locked") { $0.passwordHash = "x" }
        return house
    }

    static let seen: [Role: Set<String>] = [
        .user: ["plain", "locked"], .premium: ["plain", "locked", "premium"],
        .creator: ["plain", "locked", "premium", "hidden"],
        .admin: ["plain", "locked", "premium", "hidden", "foreign"],
    ]

    @Test(
        "Every role finds what the policy lets it see, in every order, and its counts are of these",
        arguments: Role.allCases)
    func everyRole(role: Role) async throws {
        let house = try await library()
        let seen = try #require(Self.seen[role])
        for words in ["film", "", "descriptionless film", "flim"] {
            for sort in SearchQuery.Sort.allCases {
                let found = try await house.search(words, as: role, ["sort": sort.rawValue])
                #expect(Set(found.titles) == Set(seen.map { "Film \($0)" }), "\(words) \(sort)")
                let counts = try #require(found.counts)
                #expect(counts.total == seen.count)
                #expect(Set(counts.category.map(\.value)) == Set(seen.map { "\($0)category" }))
                #expect(Set(counts.person.map(\.value)) == Set(seen.map { "\($0)person" }))
                #expect(Set(counts.tag.map(\.value)) == Set(seen.map { "\($0)tag" }).union(["shared"]))
                #expect(counts.tag.first?.count == seen.count)
                #expect(counts.status.map(\.count) == [seen.count])
            }
        }
        await house.close()
    }

    @Test(
        "Words of a hidden video find nothing, as written and mistyped, and are not suggested", arguments: Role.allCases
    )
    func words(role: Role) async throws {
        let house = try await library()
        let seen = try #require(Self.seen[role])
        for word in ["plain", "premium", "hidden", "foreign", "locked"] {
            let isSeen = seen.contains(word)
            for part in ["description", "category", "tag", "person"] {
                let mistyped = String((word + part).reversed().dropFirst().reversed()) + "x"
                for text in [word + part, mistyped] {
                    let found = try await house.search(text, as: role).titles
                    #expect(found.contains("Film \(word)") == isSeen, "\(role) \(text)")
                }
            }
            let suggested = try await house.suggestions(word, as: role)
            let all = ["category \(word)category", "person \(word)person", "tag \(word)tag", "video Film \(word)"]
            #expect(suggested == (isSeen ? all : []), "\(role) \(word)")
        }
        await house.close()
    }

    @Test("A hidden word does not stand in the way of one that was meant")
    func nearer() async throws {
        let house = try await VideoHouse()
        // Nearer to what is typed, but nobody shows it.
        try await house.add("Secret anesthesia") { $0.isHidden = true }
        try await house.add("Open anaesthetics")
        #expect(try await house.search("anesthesja", as: .user).titles.isEmpty)
        try await house.add("Open anaesthesia")
        #expect(try await house.search("anesthesja", as: .user).titles == ["Open anaesthesia"])
        #expect(try await house.search("anesthesja", as: .admin).titles == ["Secret anesthesia"])
        await house.close()
    }

    @Test("The place of a video and its cursor are the same whether or not hidden ones have the words")
    func ranks() async throws {
        let house = try await VideoHouse()
        for number in 0..<3 {
            try await house.add("Film \(number)") { $0.description = number == 1 ? "rare common" : "common" }
        }
        func page() async throws -> ([String], String?) {
            let found = try await house.search("rare common film", as: .user, ["limit": "1"])
            let rest = try await house.search("common", as: .user, ["limit": "2"])
            return (found.data.map(\.id) + rest.data.map(\.id), rest.nextCursor)
        }
        let before = try await page()
        for number in 0..<20 {
            try await house.add("Hidden \(number)") {
                ($0.isHidden, $0.description) = (true, "rare film common common")
            }
        }
        let after = try await page()
        #expect(before == after)
        await house.close()
    }

    @Test("What is said behind a password is not searched, from the moment when there is one")
    func password() async throws {
        let house = try await VideoHouse()
        var video = try await house.add("Film")
        func write() async throws {
            let written = video
            let document = SearchDocument(written, spoken: ["an innuendo"])
            try await house.database.write { try VideoStore().index(document, in: $0) }
        }
        try await write()
        #expect(try await house.search("innuendo", as: .user).titles == ["Film"])
        let expression = SearchExpression(words: SearchWords("innuendo").alternatives)
        var highlighter = Highlighter(expression)
        let spoken = [SpokenText(text: "an innuendo", time: 7)]
        let found = highlighter.highlights(of: video, spoken: spoken)
        #expect(found.map(\.field) == [.spoken] && found.first?.time == 7)
        video.passwordHash = "x"
        try await write()
        for role in Role.allCases { #expect(try await house.search("innuendo", as: role).titles.isEmpty) }
        #expect(highlighter.highlights(of: video, spoken: spoken).isEmpty)
        await house.close()
    }

    @Test("Nobody who is not signed in searches", arguments: ["search?q=film", "suggestions?q=film"])
    func strangers(call: String) async throws {
        let house = try await library()
        #expect(try await house.client(nil).get("/api/v1/videos/\(call)").status.code == 401)
        await house.close()
    }

    @Test("Suggestions are names and titles with words that begin so, the most used first, and few")
    func suggestions() async throws {
        let house = try await VideoHouse()
        for number in 0..<12 {
            try await house.add("Herniated disc \(number)") {
                $0.tags = number == 0 ? ["Hérnia"] : ["hernia repair"]
                $0.people = ["Ann Hern"]
            }
        }
        let found = try await house.suggestions("hern")
        #expect(found.prefix(3) == ["person Ann Hern", "tag hernia repair", "tag Hérnia"] && found.count == 10)
        #expect(try await house.suggestions("hernia re") == ["tag hernia repair"])
        #expect(try await house.suggestions("ann") == ["person Ann Hern"])
        for text in ["h", "", "  ", "zzz", "*", "\""] { #expect(try await house.suggestions(text).isEmpty, "\(text)") }
        await house.close()
    }
}
