import ACME
import HTTP
import Synchronization
import TLS

/// What a certificate authority wants to see while it looks whether a name is ours: on the plain port, or by TLS.
final class ChallengeBoard: Sendable {
    static let folder = "/.well-known/acme-challenge/"
    private let texts = Mutex<[String: String]>([:])
    let certificates = TLSChallenges()

    /// Nil for what is not up.
    func answer(to request: Request) -> Response? {
        guard request.path.hasPrefix(Self.folder) else { return nil }
        let token = String(request.path.dropFirst(Self.folder.count))
        return texts.withLock { $0[token] }.map { .text($0) }
    }

    var client: ACMEClient.Board {
        ACMEClient.Board { [self] proof in
            switch proof.method {
            case .http: texts.withLock { $0[proof.token] = proof.text }
            case .tls: try certificates.put(proof.digest, for: proof.name)
            }
        } remove: { [self] proof in
            texts.withLock { $0[proof.token] = nil }
            certificates.remove(proof.name)
        }
    }
}
