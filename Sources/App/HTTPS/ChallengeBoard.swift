import ACME
import HTTP
import Synchronization

/// What a certificate authority wants to see on the plain port while it looks whether a name is ours (RFC 8555 8.3).
final class ChallengeBoard: Sendable {
    static let folder = "/.well-known/acme-challenge/"
    private let texts = Mutex<[String: String]>([:])

    /// Nil for what is not up.
    func answer(to request: Request) -> Response? {
        guard request.path.hasPrefix(Self.folder) else { return nil }
        let token = String(request.path.dropFirst(Self.folder.count))
        return texts.withLock { $0[token] }.map { .text($0) }
    }

    var client: ACMEClient.Board {
        ACMEClient.Board { [self] token, text in
            texts.withLock { $0[token] = text }
        } remove: { [self] token in
            texts.withLock { $0[token] = nil }
        }
    }
}
