import Reactor

/// Decides which addresses may be connected to, so that an address which a stranger gave cannot reach what only this
/// machine or its network can (server-side request forgery).
///
/// - Rule: the address that is really connected to is asked for, each time a socket is opened: after each DNS answer and
///   each redirect. A connection that is used again was opened under the same guard.
/// - What if not: between a check of a name and its use the name may resolve to something else.
struct AddressGuard: Sendable {
    let allowed: [IPNetwork]

    func permits(_ address: IPAddress) -> Bool {
        address.isPublic || allowed.contains { $0.contains(address) }
    }

    /// Judges the host as it is written, which is all that can be seen of what a proxy will connect to.
    func permitsByName(_ url: TargetURL) -> Bool {
        if let address = url.address { return permits(address) }
        let isLocal = url.plainHost == "localhost" || url.plainHost.hasSuffix(".localhost")
        if isLocal { return IPAddress("127.0.0.1").map(permits) ?? false }
        // Full-width digits and their like turn into an address when the name is made ASCII.
        return url.host.utf8.allSatisfy { $0 < 0x80 }
    }
}
