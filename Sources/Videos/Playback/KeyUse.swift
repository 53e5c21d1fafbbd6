import Accounts
import Reactor
import Synchronization

/// Notices keys of films that are fetched through one sign-in from several networks: an address that was handed on, or a stolen one. A phone
/// that leaves the house looks the same, so it is told and nothing is refused.
///
/// It asks no database, for it stands where films are played: what it knows is in memory, and what it finds is written with what else is
/// counted. A server that has just begun, or another one, knows nothing of what was fetched before.
final class KeyUse: Sendable {
    /// With more of them all are forgotten.
    static let mostSignIns = 10_000
    /// Of one sign-in; what comes from further ones is told each time.
    static let mostNetworks = 8

    private let audit: AuditLog
    private let networks = Mutex<[UInt64: [IPNetwork]]>([:])

    init(audit: AuditLog) { self.audit = audit }

    func note(_ pass: PlaybackPass, from address: SocketAddress) {
        guard !pass.isShared, isElsewhere(pass.session, address.network) else { return }
        audit.count(
            AuditEvent(
                .keyUsedElsewhere, of: AuditTarget(.video, id: "\(pass.video)"),
                by: AuditOrigin(.person(short: pass.viewer), from: address)))
    }

    /// Whether the sign-in was used from other networks and not from this one.
    private func isElsewhere(_ session: UInt64, _ network: IPNetwork) -> Bool {
        networks.withLock { all in
            guard let known = all[session] else {
                if all.count >= Self.mostSignIns { all = [:] }
                all[session] = [network]
                return false
            }
            if known.contains(network) { return false }
            if known.count < Self.mostNetworks { all[session] = known + [network] }
            return true
        }
    }
}
