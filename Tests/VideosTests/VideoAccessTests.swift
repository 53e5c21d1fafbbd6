import Accounts
import FoundationEssentials
import SQL
import Testing

@testable import Videos

@Suite("Who may do what with a video")
struct VideoAccessTests {
    static let owner = UserID()
    static let stranger = UserID()

    struct Case: Sendable, CustomTestStringConvertible {
        var role: Role?
        var owns: Bool
        var premium: Bool
        var hidden: Bool
        var password: Bool
        var downloads = Video.Downloads.none

        var viewer: Viewer? { role.map { Viewer(id: owns ? owner : stranger, role: $0) } }
        var subject: VideoAccess.Subject {
            VideoAccess.Subject(
                owner: owner, isPremium: premium, isHidden: hidden, hasPassword: password, downloads: downloads)
        }
        var testDescription: String {
            "\(role.map(\.rawValue) ?? "nobody")\(owns ? " owner" : "") premium:\(premium) hidden:\(hidden) password:\(password) \(downloads)"
        }

        /// The table of the contract, written down once more and differently.
        var manages: Bool { role == .admin || (role == .creator && owns) }
        var sees: Bool {
            switch role {
            case nil: false
            case .admin: true
            case .creator: owns || !hidden
            case .premium: !hidden
            case .user: !hidden && !premium
            }
        }
    }

    static let cases: [Case] = {
        var cases: [Case] = []
        for role in [nil] + Role.allCases.map(Optional.some) {
            for bits in 0..<16 {
                for downloads in Video.Downloads.allCases {
                    cases.append(
                        Case(
                            role: role, owns: bits & 1 != 0, premium: bits & 2 != 0, hidden: bits & 4 != 0,
                            password: bits & 8 != 0, downloads: downloads))
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

    @Test("The list asks the database for exactly what the policy allows")
    func listAgrees() async throws {
        let house = try await VideoHouse()
        var subjects: [VideoID: VideoAccess.Subject] = [:]
        for bits in 0..<8 {
            var video = house.video(named: "\(bits)")
            video.owner = bits & 1 != 0 ? house.creator.id : house.admin.id
            video.isPremium = bits & 2 != 0
            video.isHidden = bits & 4 != 0
            try await house.insert(video)
            subjects[video.id] = video.subject
        }
        for viewer in house.everyone {
            let page = try await house.videos.list(VideoQuery(), for: viewer)
            let expected = subjects.filter { VideoAccess.decide(viewer, $0.value, .list) == .allowed }
            #expect(Set(page.videos.map(\.id)) == Set(expected.keys), "\(viewer.role)")
        }
        await house.close()
    }

    @Test("Creators and administrators upload, others do not", arguments: Role.allCases)
    func uploading(role: Role) {
        #expect(VideoAccess.mayUpload(Viewer(id: Self.owner, role: role)) == (role >= .creator))
    }
}
