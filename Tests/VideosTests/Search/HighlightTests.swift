import Accounts
import FoundationEssentials
import Testing

@testable import TestSupport
@testable import Videos

@Suite("Where words were found")
struct HighlightTests {
    @Test("Each text that has a word says where, in the form that it has there")
    func places() async throws {
        let house = try await VideoHouse()
        try await house.add("🫀 Opération of a HERNIA") {
            ($0.category, $0.tags, $0.people) = ("Hernias", ["Hernia", "other"], ["Ann Other"])
            $0.description = "A hernía, operated."
        }
        let found = try await house.search("hernia operation").data
        let marks = try #require(found.first).highlights.map { "\($0.field): \($0.marked.joined(separator: ","))" }
        #expect(
            marks == ["title: Opération,HERNIA", "category: Hernias", "tag: Hernia", "description: hernía,operated"])
        await house.close()
    }

    @Test("Markup of strangers stays text, and the ranges are of that text")
    func markup() async throws {
        let house = try await VideoHouse()
        let title = "<img src=x onerror=alert(1)> valve"
        try await house.add(title)
        let highlight = try #require(try await house.search("valve").data.first?.highlights.first)
        #expect(highlight.text == title && highlight.marked == ["valve"])
        await house.close()
    }

    @Test("Of a description its words are shown and not its marks, and what is found is what is shown")
    func marks() async throws {
        let house = try await VideoHouse()
        try await house.add("Film") {
            $0.description = "# Knees\n\n- The **val**ve of [a *heart*](https://example.org/hidden)\n- 5 > 4 & `code`"
        }
        let highlight = try #require(try await house.search("valves heart").data.first?.highlights.first)
        #expect(highlight.text == "Knees The valve of a heart 5 > 4 & code")
        #expect(highlight.field == "description" && highlight.marked == ["valve", "heart"])
        #expect(try await house.search("hidden").titles.isEmpty)
        await house.close()
    }

    @Test("Of a long text a window is shown that has the first word", arguments: [0, 1, 40, 400])
    func window(wordsBefore: Int) async throws {
        let house = try await VideoHouse()
        let filler = "слово "
        try await house.add("Long") {
            $0.description =
                String(repeating: filler, count: wordsBefore) + "valve and valves "
                + String(repeating: filler, count: 400)
        }
        let highlight = try #require(try await house.search("valve").data.first?.highlights.first)
        #expect(highlight.field == "description" && highlight.marked == ["valve", "valves"])
        #expect(highlight.text.utf16.count <= Highlight.longest)
        #expect(
            FoldedText(highlight.text).words.allSatisfy { ["слово", "valve", "and", "valves"].contains($0.folded) })
        await house.close()
    }

    @Test("Of a video in which nothing was looked for nothing is marked")
    func none() async throws {
        let house = try await VideoHouse()
        try await house.add("Film")
        #expect(try await house.search("").data.first?.highlights.isEmpty == true)
        await house.close()
    }
}
