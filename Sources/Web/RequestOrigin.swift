import HTTP
import Reactor
import Synchronization
import Telemetry

/// The one place where it is decided who sent a request and whether they speak https. All that limits, logs or stores
/// addresses reads `remoteAddress` afterwards.
final class RequestOrigin: Sendable {
    private let trustedProxies: TrustedProxies
    private let isSecureOnly: Bool
    private let log: Log
    private let hasWarned = Atomic(false)

    init(_ options: RouterBuilder.Options, log: Log) {
        trustedProxies = options.trustedProxies
        isSecureOnly = options.isSecureOnly
        self.log = log
    }

    func apply(to request: inout Request) {
        trustedProxies.apply(to: &request)
        if isSecureOnly { request.isSecure = true }
        if !hasWarned.load(ordering: .relaxed), request.isForwarded, request.proxyAddress == nil {
            warn(about: request)
        }
    }

    /// Once: strangers can send such fields as often as they like.
    private func warn(about request: Request) {
        guard !hasWarned.exchange(true, ordering: .relaxed) else { return }
        log.warning(
            "forwarded fields are ignored: their sender is not in PALCO_TRUSTED_PROXIES",
            ["address": .string(request.remoteAddress.host)])
    }
}
