import Accounts
import SQL
import Videos
import Web

/// `palco import`: an archive becomes a part of this house.
struct ImportArchive: Sendable {
    let server: Server
    let folder: ArchiveFolder
    let report: @Sendable (String) -> Void

    struct Outcome: Sendable, Equatable {
        var peopleTaken = 0
        var videosTaken = 0
        var videosKnown = 0
        var refused = 0
    }

    func callAsFunction() async throws -> Outcome {
        let manifest = try folder.readManifest()
        var outcome = Outcome()
        let database = server.services.database
        let people = try await takePeople(manifest, &outcome)
        for term in try folder.lines("vocabulary.jsonl", manifest, as: ArchivedTerm.self) {
            do {
                _ = try await database.write { try term.take(in: $0) }
            } catch is VideoDetails.Invalid {
                refuse("the word \"\(term.name.prefix(100))\" cannot be one", &outcome)
            }
        }
        let videos = try await takeVideos(manifest, people, &outcome)
        for belongings in try folder.lines("personal.jsonl", manifest, as: ArchivedBelongings.self) {
            guard let owner = people[belongings.person] else { continue }
            try await database.write { try belongings.take(for: owner, videos: videos, in: $0) }
        }
        return outcome
    }

    /// Who each of them is here.
    private func takePeople(
        _ manifest: ArchiveFolder.Manifest, _ outcome: inout Outcome
    ) async throws -> [String: UserID] {
        let (database, importing) = (server.services.database, server.services.accounts.importPeople)
        // bound: the archive's people
        var people: [String: UserID] = [:]
        for person in try folder.lines("people.jsonl", manifest, as: ArchivedPerson.self) {
            do {
                let taken = try await database.write { transaction in
                    try importing.take(person, by: AccountCommands.origin, in: transaction)
                }
                people[person.id] = taken.id
                if taken.isNew { outcome.peopleTaken += 1 }
            } catch let error as any ProblemConvertible {
                refuse("\(person.email.prefix(320)): \(Server.words(of: error.problem))", &outcome)
            }
        }
        return people
    }

    /// What each of them is here.
    private func takeVideos(
        _ manifest: ArchiveFolder.Manifest, _ people: [String: UserID], _ outcome: inout Outcome
    ) async throws -> [String: VideoID] {
        let importing = server.services.videos.importVideo
        // bound: the archive's videos
        var videos: [String: VideoID] = [:]
        for video in try folder.lines("videos.jsonl", manifest, as: ArchivedVideo.self) {
            guard let owner = people[video.owner], let key = video.key else {
                refuse("\"\(video.title.prefix(200))\" has no owner in the archive", &outcome)
                continue
            }
            do {
                let poster = video.posterKey.map { "\(folder.path)/\($0)" }
                switch try await importing(
                    video, owner: owner, original: "\(folder.path)/\(key)", poster: poster)
                {
                case .taken(let id):
                    videos[video.id] = id
                    outcome.videosTaken += 1
                    report("\"\(video.title)\" is there")
                case .known(let id):
                    videos[video.id] = id
                    outcome.videosKnown += 1
                }
            } catch let refusal as ImportVideo.Refusal {
                refuse("\"\(video.title.prefix(200))\" \(refusal.words)", &outcome)
            }
        }
        return videos
    }

    private func refuse(_ words: String, _ outcome: inout Outcome) {
        report(words)
        outcome.refused += 1  // bound: lines of an archive
    }
}

extension Server {
    /// `palco import`.
    ///
    /// - Returns: what is to be told in the end; and whether nothing was refused.
    public static func importArchive(
        _ settings: Settings, from folder: String, report: @escaping @Sendable (String) -> Void
    ) async throws -> (text: String, isWhole: Bool) {
        // Before anything is made here.
        _ = try ArchiveFolder(path: folder).readManifest()
        let server = try await build(settings, log: .silent)
        let result: Result<ImportArchive.Outcome, any Error>
        do {
            result = .success(
                try await ImportArchive(server: server, folder: ArchiveFolder(path: folder), report: report)())
        } catch {
            result = .failure(error)
        }
        await server.stop()
        let outcome = try result.get()
        let known = outcome.videosKnown > 0 ? " \(outcome.videosKnown) videos were there already." : ""
        let refused = outcome.refused > 0 ? " \(outcome.refused) were refused." : ""
        return (
            "\(outcome.peopleTaken) people and \(outcome.videosTaken) videos are new here.\(known)\(refused)",
            outcome.refused == 0
        )
    }
}
