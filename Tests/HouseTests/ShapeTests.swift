import Testing

@Suite("The shape of the sources")
struct ShapeTests {
    let sources: House
    let everything: [SourceFile]

    init() throws {
        sources = try House(folder: "Sources")
        everything =
            sources.files
            + (try House(folder: "Tests", endings: [".swift", ".py"])).files
            + (try House(folder: "web", endings: [".js"])).files
            + (try House(folder: "fuzz")).files
            + (try House(folder: "benchmarks", endings: [".py"])).files
    }

    @Test("No drawers: a thing lives beside its user or has a name of its own")
    func noDrawers() {
        let drawers = ["Util", "Helper", "Common", "Manager", "Misc", "Extensions", "Core", "Stuff"]
        for file in everything {
            let named = drawers.filter { file.path.contains($0) }
            #expect(named.isEmpty, "\(file.path)")
        }
    }

    @Test("No file is longer than 450 lines")
    func filesAreShort() {
        for file in everything {
            #expect(file.lines.count <= 451, "\(file.path) has \(file.lines.count - 1) lines")
        }
    }

    @Test("Data never traps: no forced try and no forced cast")
    func nothingForced() {
        for file in sources.files {
            let forced = file.places(of: "try!", "as!")
            #expect(forced.isEmpty, "\(forced)")
        }
    }

    @Test("An escape from the checks for data races names the lock or the loop that protects it")
    func escapesAreExplained() {
        for file in sources.files {
            for (number, text) in file.code
            where text.contains("@unchecked Sendable") || text.contains("nonisolated(unsafe)") {
                let above = file.lines[max(0, number - 9)..<number].joined(separator: "\n").lowercased()
                let reasons = ["lock", "loop", "mutex", "thread", "immutable", "atomic", "once"]
                #expect(reasons.contains { above.contains($0) }, "\(file.path):\(number): \(text)")
            }
        }
    }

    @Test("Nothing is left to do")
    func noLeftovers() {
        for file in sources.files {
            let marks = file.lines.filter { $0.contains("TODO") || $0.contains("FIXME") || $0.contains("XXX") }
            #expect(marks.isEmpty, "\(file.path): \(marks)")
        }
    }

    /// Where tests let time pass, and why.
    static let pauses = [
        "Tests/TestSupport/Eventually.swift": "the pause between two looks at a condition",
        "Tests/Clients/waiting.py": "the pause between two looks at a condition",
        "Tests/ReactorTests/EventLoopTests.swift": "the loop's own sleep is what is tested",
        "Tests/HTTPTests/LeavingPeerTests.swift": "a sleep of an hour, which ends with its peer",
        "Tests/Clients/network.py": "a network that is as slow as a test wants it",
    ]

    @Test("A test waits for a condition and never for a time: clocks are passed in")
    func testsDoNotSleep() throws {
        let nap = /\bu?sleep\(|\.sleep\b|nanosleep|asyncAfter|wait_for_timeout|setTimeout\([^)]*,|setInterval\(/
            .wordBoundaryKind(.simple)
        var found: Set<String> = []
        for file in try House(folder: "Tests", endings: [".swift", ".py", ".js"]).files
        where file.target != "HouseTests" {
            let naps = file.places { $0.contains(nap) }
            if !naps.isEmpty { found.insert(file.path) }
            #expect(naps.isEmpty || Self.pauses[file.path] != nil, "\(naps)")
        }
        #expect(found.isSuperset(of: Self.pauses.keys), "what pauses no more is not listed")
    }
}
