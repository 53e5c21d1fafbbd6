import Reactor

/// Where an attempt to give an account's password comes from. Each source of an account has a count of its own, so that a
/// stranger locks himself out and not the owner.
enum SignInSource: Sendable, Hashable {
    /// Any client of one subscriber's network.
    case network(IPNetwork)
    /// A browser in which this account signed in before.
    case device(DeviceID)
    /// A session whose person gives the password once more.
    case session(SessionID)

    var text: String {
        switch self {
        case .network(let network): "network \(network)"
        case .device(let device): "device \(device)"
        case .session(let session): "session \(session)"
        }
    }
}
