import ACME
import FoundationEssentials
import HTTPClient
import Reactor
import TLS
import Telemetry

/// Keeps a certificate for the operator's names: has it issued, and again when a third of its time is left.
///
/// What fails changes nothing: the certificate that is there is shown on, and it is tried again after a pause that grows
/// from a minute to half a day, or that the authority asks for. The tries take the two ways to show a name in turn, so that it
/// is enough if the authority can come by one of them.
struct CertificateRenewal: Sendable {
    let names: [String]
    let directory: String
    let folder: CertificateFolder
    let board: ChallengeBoard
    let client: HTTPClient
    let pool: BlockingPool
    let certificates: Certificates
    let log: Log
    let now: @Sendable () -> Int64

    private static let look = Duration.seconds(30)
    /// In seconds. Four tries in the first hour: Let's Encrypt allows five that fail.
    private static let pauses: [Int64] = [60, 300, 1800, 2 * 3600, 6 * 3600, 12 * 3600]

    /// Until the task is cancelled.
    func run(on loop: EventLoop) async {
        while !Task.isCancelled {
            let state = (try? await pool.run { folder.readState() }) ?? CertificateFolder.State()
            if isDue(state) { await renew(state, on: loop) }
            do { try await loop.sleep(for: Self.look) } catch { return }
        }
    }

    func isDue(_ state: CertificateFolder.State) -> Bool {
        guard state.nextTry <= now() else { return false }
        guard state.names == names, let issuedAt = state.issuedAt,
            let certificate = certificates.context.certificates.first
        else { return true }
        let lifetime = max(0, certificate.expiresAt - issuedAt)
        return now() >= certificate.expiresAt - lifetime / 3
    }

    private func renew(_ state: CertificateFolder.State, on loop: EventLoop) async {
        var state = state
        do {
            let account = try await pool.run { try folder.accountKey() }
            let usual = state.method ?? .http
            let method = state.failureCount.isMultiple(of: 2) ? usual : usual.other
            let acme = ACMEClient(
                directory: directory, key: account, client: client, board: board.client, method: method, loop: loop)
            let key = try SigningKey()
            let certificate = try await acme.certificate(for: names, key: key)
            state = CertificateFolder.State(names: names, issuedAt: now(), method: method)
            let kept = state
            try await pool.run {
                try folder.write(certificate: certificate, key: key)
                try folder.write(kept)
            }
            log.info("a certificate was issued", ["names": .string(names.joined(separator: ", "))])
            await certificates.reload()
        } catch is CancellationError {
            return
        } catch {
            state.names = names
            state.failureCount = min(state.failureCount, 1_000_000) + 1
            state.lastFailure = "\(error)"
            state.nextTry = now() + Self.pause(after: error, count: state.failureCount)
            log.error(
                "no certificate was issued, the one that is there stays",
                ["reason": .string("\(error)"), "next_try_at": .init(state.nextTry)])
            let kept = state
            try? await pool.run { try folder.write(kept) }
        }
    }

    private static func pause(after error: any Error, count: Int) -> Int64 {
        if case ACMEError.rateLimited(_, let seconds) = error { return Int64(seconds) }
        return pauses[min(max(1, count), pauses.count) - 1]
    }
}
