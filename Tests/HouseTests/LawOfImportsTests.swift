import Testing

@Suite("The law of imports")
struct LawOfImportsTests {
    let house: House

    init() throws {
        house = try House(folder: "Sources")
    }

    /// What a target may import of the house: the floors below it, and for a room also `Accounts`.
    static func allowed(for target: String) -> Set<String> {
        if target == "App" { return House.swiftTargets.subtracting(["palco"]) }
        if target == "palco" { return House.groundFloor.union(["App"]) }
        if target == "Accounts" { return House.groundFloor }
        if House.rooms.contains(target) { return House.groundFloor.union(House.mediaFloor).union(["Accounts"]) }
        if House.mediaFloor.contains(target) { return House.mediaFloor }
        return Set(House.groundFloorInOrder.prefix { $0 != target })
    }

    @Test("Every folder of Sources is on a floor of the house")
    func everyTargetHasAFloor() {
        let targets = Set(house.files.map(\.target)).filter { !Self.isCModule($0) }
        #expect(!targets.isEmpty)
        #expect(targets.subtracting(House.swiftTargets).isEmpty)
    }

    @Test("Arrows point to the ground: from the front door to rooms, to the media floor, and down the ground floor")
    func arrowsPointDown() {
        for file in house.files {
            let upward = file.imports.intersection(House.swiftTargets)
                .subtracting(Self.allowed(for: file.target)).subtracting([file.target])
            #expect(upward.isEmpty, "\(file.path) imports \(upward.sorted())")
        }
    }

    @Test("The guide lists the floors that the house has, from the ground up")
    func guideListsTheFloors() throws {
        let guide = try #require(SourceFile(path: "docs/architecture.md"))
        let listed = guide.lines.compactMap { line in
            line.wholeMatch(of: #/ {6}(\w+) {2,}\S.*/#).map { String($0.1) }
        }
        let built = Set(house.files.map(\.target))
        #expect(Set(listed) == built.filter { !Self.isCModule($0) })
        #expect(listed.filter(House.groundFloor.contains) == House.groundFloorInOrder.filter(built.contains))
    }

    @Test("The media floor knows bytes only: no sockets, no files, no clock, no async")
    func mediaFloorIsPure() {
        for file in house.files where House.mediaFloor.contains(file.target) {
            let foreign = file.imports.subtracting(House.mediaFloor)
            #expect(foreign.isEmpty, "\(file.path) imports \(foreign.sorted())")
            #expect(file.places(of: " async ", "await ", "FileManager", "Date(", "ContinuousClock").isEmpty)
        }
    }

    @Test("A C module is imported by exactly one Swift target")
    func oneImporterPerCModule() {
        var importers: [String: Set<String>] = [:]
        for file in house.files {
            for module in file.imports where Self.isCModule(module) {
                importers[module, default: []].insert(file.target)
            }
        }
        for (module, targets) in importers {
            #expect(targets.count == 1, "\(module) is imported by \(targets.sorted())")
        }
    }

    @Test("What is imported is declared, and what is declared is imported")
    func packageTellsTheTruth() throws {
        let declared = try PackageManifest.dependencies()
        for (target, files) in Dictionary(grouping: house.files, by: \.target) where !Self.isCModule(target) {
            let imported = files.reduce(into: Set<String>()) { $0.formUnion($1.imports) }
                .filter { House.swiftTargets.contains($0) || Self.isCModule($0) }.subtracting([target])
            let listed = try #require(declared[target], "\(target) is missing in Package.swift")
            #expect(imported == listed, "\(target): imports and Package.swift differ")
        }
    }

    @Test("No pointer of a C library crosses the border of the target that imports it")
    func pointersStayAtHome() {
        for file in house.files where file.imports.contains(where: Self.isCModule) {
            let leaks = file.places(of: "public ").filter { place in
                ["OpaquePointer", "UnsafePointer<", "UnsafeMutablePointer<"].contains { place.contains($0) }
            }
            #expect(leaks.isEmpty, "\(leaks)")
        }
    }

    @Test("Only the small Foundation is used, and no Foundation networking")
    func smallFoundation() {
        for file in house.files {
            let large = file.imports.intersection(["Foundation", "FoundationNetworking", "FoundationXML", "Dispatch"])
            #expect(large.isEmpty, "\(file.path) imports \(large.sorted())")
        }
    }

    static func isCModule(_ name: String) -> Bool {
        let letters = name.unicodeScalars.prefix(2).map(\.properties.isUppercase)
        return name.hasPrefix("C") && letters == [true, true]
    }
}

/// The `room("Web", on: ["HTTP", …])` lines of Package.swift.
enum PackageManifest {
    static func dependencies() throws -> [String: Set<String>] {
        let manifest = try #require(SourceFile(path: "Package.swift"))
        let text = manifest.lines.joined(separator: " ")
        var found: [String: Set<String>] = [:]
        for match in text.matches(of: /room\(\s*"(\w+)"(?:,\s*on:\s*\[([^\]]*)\])?/) {
            found[String(match.1)] = names(in: match.2 ?? "")
        }
        for match in text.matches(of: /\.executableTarget\(\s*name: "(\w+)", dependencies: \[([^\]]*)\]/) {
            found[String(match.1)] = names(in: match.2)
        }
        return found
    }

    private static func names(in list: Substring) -> Set<String> {
        Set(list.matches(of: /"(\w+)"/).map { String($0.1) })
    }
}
