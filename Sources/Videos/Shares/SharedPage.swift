import FoundationEssentials
import HTTP

/// What a page that a link leads to may say of its video before anybody plays it: with a password, nothing.
public struct SharedPage: Sendable {
    public struct About: Sendable {
        public var title: String
        public var description: String
        /// A path of this server.
        public var picture: String?
        /// The player alone, for pages of other sites; a path of this server.
        public var embed: String?
    }

    /// A path of this server.
    public var path: String
    /// Nil where a password is asked for first.
    public var about: About?
    public var isEmbeddable: Bool
}

/// Finds what pages of links show.
public struct ShowSharedPage: Sendable {
    let open: OpenShare

    /// Nil for a link that opens nothing, or nothing any more.
    public func callAsFunction(_ token: String) async throws -> SharedPage? {
        do {
            return SharedPage(try await open.find(token), token)
        } catch is ShareError {
            return nil
        }
    }
}

extension SharedPage {
    init(_ found: FoundShare, _ token: String) {
        path = "/s/\(token)"
        isEmbeddable = found.share.isEmbeddable
        guard found.decide(.picture) == .allowed else { return }
        about = About(
            title: found.video.title, description: found.video.description,
            picture: found.video.coverAddress(below: "/api/v1/shares/\(token)"),
            embed: isEmbeddable ? "/embed/\(token)" : nil)
    }
}
