import Accounts
import FoundationEssentials
import SQL
import Testing

@testable import Videos

@Suite("Who may do what with a video")
struct VideoAccessTests {
    static let owner = UserID()
    static let stranger = UserID()
    static let group = GroupID()

    struct Case: Sendable, CustomTestStringConvertible {
        var role: Role?
        var owns: Bool
        var premium: Bool
        var hidden: Bool
        var password: Bool
        var downloads = Video.Downloads.none
        var restricted = false
        var member = false

        var viewer: Viewer? {
            role.map {
                Viewer(id: owns ? owner : stranger, role: $0, groups: member ? [GroupID(), group] : [GroupID()])
            }
        }
        var subject: VideoAccess.Subject {
            VideoAccess.Subject(
                owner: owner, isPremium: premium, isHidden: hidden, hasPassword: password,
                groups: restricted ? [GroupID(), group] : [], downloads: downloads)
        }
        var testDescription: String {
            "\(role.map(\.rawValue) ?? "nobody")\(owns ? " owner" : "") premium:\(premium) hidden:\(hidden) password:\(password) restricted:\(restricted) member:\(member) \(downloads)"
        }

        /// The table of the contract, written down once more and differently.
        var manages: Bool { role == .admin || (role == .creator && owns) }
        var sees: Bool {
            let isForThem = !restricted || member
            return switch role {
            case nil: false
            case .admin: true
            case .creator: owns || (!hidden && isForThem)
            case .premium: !hidden && isForThem
            case .user: !hidden && !premium && isForThem
            }
        }
    }

    static let cases: [Case] = {
        var cases: [Case] = []
        for role in [nil] + Role.allCases.map(Optional.some) {
            for bits in 0..<64 {
                for downloads in Video.Downloads.allCases {
                    cases.append(
                        Case(
                            role: role, owns: bits & 1 != 0, premium: bits & 2 != 0, hidden: bits & 4 != 0,
                            password: bits & 8 != 0, downloads: downloads, restricted: bits & 16 != 0,
                            member: bits & 32 != 0))
                }
            }
        }
        return cases
    }()

    @Test("Every role at every door of every kind of video", arguments: cases)
    func table(_ example: Case) {
        for door in VideoAccess.Door.allCases {
            for isUnlocked in [false, true] {
                let decision = VideoAccess.decide(example.viewer, example.subject, door, isUnlocked: isUnlocked)
                #expect(decision == expected(example, door, isUnlocked), "\(door)")
            }
        }
    }

    func expected(_ example: Case, _ door: VideoAccess.Door, _ isUnlocked: Bool) -> VideoAccess.Decision {
        if example.role == nil { return .signInNeeded }
        if !example.sees || door == .trash { return .hidden }
        if example.manages { return .allowed }
        let isLocked = example.password && !isUnlocked
        switch (door, example.downloads) {
        case (.movie, .mp4), (.movie, .original), (.original, .original): return isLocked ? .locked : .allowed
        default: break
        }
        switch door {
        case .list, .details: return .allowed
        case .play, .picture, .captions: return isLocked ? .locked : .allowed
        case .change, .remove, .original, .movie, .trash: return .forbidden
        }
    }

    @Test("What is in the trash is behind one door, for those who may change it", arguments: cases)
    func trash(_ example: Case) {
        var subject = example.subject
        subject.isTrashed = true
        for door in VideoAccess.Door.allCases {
            let decision = VideoAccess.decide(example.viewer, subject, door, isUnlocked: true)
            let isOpen = door == .trash && example.manages
            #expect(decision == (example.role == nil ? .signInNeeded : isOpen ? .allowed : .hidden), "\(door)")
        }
    }

    @Test("A link opens what its maker manages, and only the doors to watching", arguments: cases)
    func links(_ example: Case) {
        for (hasPassword, replaces) in [(false, false), (true, false), (false, true), (true, true)] {
            let holder = VideoAccess.LinkHolder(
                maker: example.viewer, hasPassword: hasPassword, replacesPassword: replaces)
            let asks = replaces ? hasPassword : hasPassword || example.password
            for door in VideoAccess.Door.allCases {
                for isUnlocked in [false, true] {
                    let expected: VideoAccess.Decision =
                        switch door {
                        case _ where !example.manages: .hidden
                        case .details: .allowed
                        case .play, .picture, .captions: asks && !isUnlocked ? .locked : .allowed
                        default: .hidden
                        }
                    let decision = VideoAccess.decide(holder, example.subject, door, isUnlocked: isUnlocked)
                    #expect(decision == expected, "\(door) \(hasPassword) \(replaces)")
                    var trashed = example.subject
                    trashed.isTrashed = true
                    #expect(VideoAccess.decide(holder, trashed, door, isUnlocked: isUnlocked) == .hidden, "\(door)")
                }
            }
        }
    }

    @Test("Lists, searches, counts and what people keep ask the database for exactly what the policy allows")
    func listAgrees() async throws {
        let house = try await VideoHouse()
        let clubs = try await house.addGroups(2)
        // Everybody is in one club, in the other, in both or in none.
        let memberships: [Set<GroupID>] = [[], [clubs[0]], [clubs[1]], Set(clubs)]
        var subjects: [VideoID: VideoAccess.Subject] = [:]
        for bits in 0..<64 {
            var video = house.video(named: "Film \(bits)")
            video.owner = bits & 1 != 0 ? house.creator.id : house.admin.id
            video.isPremium = bits & 2 != 0
            video.isHidden = bits & 4 != 0
            video.passwordHash = bits & 8 != 0 ? "hash" : nil
            video.groups = (0..<2).filter { bits & (16 << $0) != 0 }.map { clubs[$0] }.sorted()
            video.tags = ["Tag"]
            try await house.insert(video)
            subjects[video.id] = video.subject
        }
        for groups in memberships {
            for var viewer in house.everyone {
                viewer.groups = groups
                try await house.setGroups(groups, of: viewer.id)
                let expected = Set(subjects.filter { VideoAccess.decide(viewer, $0.value, .list) == .allowed }.keys)
                for door in VideoHouse.ListDoor.allCases {
                    let seen = try await house.ids(seenBy: viewer, through: door, of: Array(subjects.keys))
                    #expect(seen == expected, "\(door) for \(viewer.role) in \(groups.count) groups")
                }
                var query = SearchQuery()
                query.text = "film"
                let found = try await house.videos.search(query, for: viewer)
                #expect(found.counts?.total == expected.count)
                #expect(found.counts?.tag.first?.count == (expected.isEmpty ? nil : expected.count))
            }
        }
        await house.close()
    }

    @Test("Creators and administrators upload, others do not", arguments: Role.allCases)
    func uploading(role: Role) {
        #expect(VideoAccess.mayUpload(Viewer(id: Self.owner, role: role)) == (role >= .creator))
    }
}

extension VideoHouse {
    /// What shows many videos by a statement of its own.
    enum ListDoor: CaseIterable {
        case list, search, favorites, outline
    }

    func addGroups(_ count: Int) async throws -> [GroupID] {
        let groups = (0..<count).map { _ in GroupID() }
        try await database.write { transaction in
            for group in groups {
                try transaction.execute(
                    "INSERT INTO people_groups (id, name, name_key, created_at) VALUES ($1, $2, $2, 0)", group,
                    "\(group)")
            }
        }
        return groups
    }

    func setGroups(_ groups: Set<GroupID>, of person: UserID) async throws {
        try await database.write { transaction in
            try transaction.execute("DELETE FROM group_members WHERE user_id = $1", person)
            for group in groups {
                try transaction.execute(
                    "INSERT INTO group_members (group_id, user_id) VALUES ($1, $2)", group, person)
            }
        }
    }

    func ids(seenBy viewer: Viewer, through door: ListDoor, of all: [VideoID]) async throws -> Set<VideoID> {
        switch door {
        case .list:
            var query = VideoQuery()
            query.limit = VideoQuery.maximumLimit
            return Set(try await videos.list(query, for: viewer).videos.map(\.id))
        case .search:
            var query = SearchQuery()
            (query.text, query.limit) = ("film", VideoQuery.maximumLimit)
            return Set(try await videos.search(query, for: viewer).videos.map(\.id))
        case .favorites:
            let moment = clock.now
            try await database.write { transaction in
                for id in all { try FavoriteStore().add(id, of: viewer.id, at: moment, in: transaction) }
            }
            let page = try await database.read { access in
                try FavoriteStore().page(PersonalQuery(limit: VideoQuery.maximumLimit), of: viewer, in: access)
            }
            return Set(page.items.map(\.id))
        case .outline:
            return try await database.read { access in
                Set(all.filter { (try? VideoStore().requireVisible($0, to: viewer, in: access)) != nil })
            }
        }
    }
}
