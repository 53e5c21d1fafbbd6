import Cryptography
import FoundationEssentials
import Synchronization

/// What was read of a provider: remembered for an hour, so that a sign-in does not wait for it.
final class ProviderKnowledge: Sendable {
    private static let maximumAge: TimeInterval = 3_600
    /// Keys are read again for a name that is not known, but not more often: names of keys come from strangers as well.
    private static let shortestPause: TimeInterval = 10
    private static let mostKeys = 100

    private struct Known<Value: Sendable>: Sendable {
        let value: Value
        let at: Date
    }

    private struct State {
        var metadata: Known<ProviderMetadata>?
        var keys: Known<WebKeySet>?
        var askedAgainAt: Date?
    }

    private let provider: ProviderDescription
    private let transport: ProviderTransport
    private let now: @Sendable () -> Date
    private let state = Mutex(State())

    init(_ provider: ProviderDescription, _ transport: ProviderTransport, now: @escaping @Sendable () -> Date) {
        self.provider = provider
        self.transport = transport
        self.now = now
    }

    func metadata() async throws -> ProviderMetadata {
        guard provider.dialect == .openIDConnect else { return ProviderMetadata(fixedOf: provider) }
        let moment = now()
        if let known = state.withLock({ $0.metadata }), isFresh(known.at, moment) { return known.value }
        let base = provider.issuer.hasSuffix("/") ? String(provider.issuer.dropLast()) : provider.issuer
        let answer = try await transport.get(base + "/.well-known/openid-configuration")
        let metadata = try ProviderMetadata(answer.body, of: provider)
        state.withLock { $0.metadata = Known(value: metadata, at: moment) }
        return metadata
    }

    func keys() async throws -> WebKeySet {
        let moment = now()
        if let known = state.withLock({ $0.keys }), isFresh(known.at, moment) { return known.value }
        return try await readKeys(at: moment)
    }

    /// The keys once more, because one is named that is not among them; nil where that was done a moment ago.
    func keysAgain() async throws -> WebKeySet? {
        let moment = now()
        let isTooSoon = state.withLock { state in
            if let last = state.askedAgainAt, (0..<Self.shortestPause).contains(moment.timeIntervalSince(last)) {
                return true
            }
            state.askedAgainAt = moment
            return false
        }
        return isTooSoon ? nil : try await readKeys(at: moment)
    }

    private func readKeys(at moment: Date) async throws -> WebKeySet {
        guard let url = try await metadata().keys else { throw OpenIDError(.endpoint, "the provider has no keys") }
        let answer = try await transport.get(url)
        guard let keys = try? JSONDecoder().decode(WebKeySet.self, from: Data(answer.body)),
            keys.keys.count <= Self.mostKeys
        else { throw OpenIDError(.malformed, "the provider's keys have another shape") }
        state.withLock { $0.keys = Known(value: keys, at: moment) }
        return keys
    }

    private func isFresh(_ time: Date, _ moment: Date) -> Bool {
        (0..<Self.maximumAge).contains(moment.timeIntervalSince(time))
    }
}
