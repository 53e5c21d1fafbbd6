import Accounts
import SQL

/// What other servers must know of a video.
struct VideoAnnouncement: Equatable {
    static let topic = "video"
    private static let noGroups = "-"

    var name: VideoEvent.Name
    var id: VideoID
    /// Of a removed video, which no server can look up any more: who may hear of it.
    var subject: VideoAccess.Subject?

    init(_ event: VideoEvent) {
        name = event.name
        id = event.video.id
        subject = event.name == .removed ? event.video.subject : nil
    }

    var announcement: Announcement {
        var words = [name.rawValue, "\(id)"]
        if let subject {
            words.append("\(subject.owner)")
            words += [subject.isPremium, subject.isHidden, subject.hasPassword].map { $0 ? "1" : "0" }
            words.append(
                subject.groups.isEmpty ? Self.noGroups : subject.groups.map(\.description).joined(separator: ","))
        }
        return Announcement(Self.topic, words.joined(separator: " "))
    }

    init?(_ announcement: Announcement) {
        let words = announcement.text.split(separator: " ").map(String.init)
        guard words.count == 2 || words.count == 7, let name = VideoEvent.Name(rawValue: words[0]),
            let id = VideoID(words[1])
        else { return nil }
        self.name = name
        self.id = id
        guard words.count == 7 else { return }
        let names = words[6] == Self.noGroups ? [] : words[6].split(separator: ",")
        let groups = names.compactMap { GroupID(String($0)) }
        guard let owner = UserID(words[2]), groups.count == names.count else { return nil }
        subject = VideoAccess.Subject(
            owner: owner, isPremium: words[3] == "1", isHidden: words[4] == "1", hasPassword: words[5] == "1",
            groups: groups)
    }
}

extension Transaction {
    /// Tells those who listen, here and at all other servers, once this is kept.
    func publish(_ event: VideoEvent, on events: VideoEvents) throws {
        afterCommit { events.publish(event) }
        try announce(VideoAnnouncement(event).announcement)
    }
}
