/// Why a certificate was not issued.
public enum ACMEError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The authority's own words (RFC 8555 6.7): the last part of the problem's type, and its detail.
    case refused(type: String, detail: String)
    /// It asks to wait so many seconds (`Retry-After`): too many certificates or tries.
    case rateLimited(detail: String, seconds: Int)
    /// A challenge was not met: the authority could not see what was put up for it.
    case unmet(name: String, detail: String)
    /// It offers no challenge that can be met here.
    case noChallenge(name: String)
    /// It said something that RFC 8555 does not allow.
    case malformed(String)
    /// It had not decided when the patience ended.
    case undecided(name: String)

    public var description: String {
        switch self {
        case .refused(let type, let detail): "the certificate authority refused (\(type)): \(detail)"
        case .rateLimited(let detail, let seconds):
            "the certificate authority asks to wait \(seconds) s: \(detail)"
        case .unmet(let name, let detail):
            "the certificate authority could not reach this server under \(name): \(detail)"
        case .noChallenge(let name): "the certificate authority offers no challenge for \(name) that can be met here"
        case .malformed(let what): "the certificate authority's answer cannot be used: \(what)"
        case .undecided(let name): "the certificate authority did not decide about \(name) in time"
        }
    }
}
