import ACME
import FoundationEssentials
import Glibc
import TLS

/// Where certificates lie that are issued by themselves, in `tls/` below the data folder; nobody else may read it.
struct CertificateFolder: Sendable {
    let path: String

    /// The certificate, its chain and its key in one file, so that no kill can leave two that do not belong together.
    var identityPath: String { "\(path)/certificate.pem" }
    private var accountPath: String { "\(path)/account.pem" }
    private var statePath: String { "\(path)/state.json" }

    var identity: TLSContext.Identity { TLSContext.Identity(certificate: identityPath, key: identityPath) }

    /// How far renewing is. Kept, so that a server that is started again and again asks no more often.
    struct State: Codable, Sendable, Equatable {
        var names: [String] = []
        /// In seconds since 1970; nil for the certificate that this server signed itself.
        var issuedAt: Int64?
        /// By which the names were shown to be ours the last time.
        var method: ACMEClient.Method?
        var failureCount = 0
        var nextTry: Int64 = 0
        var lastFailure: String?
    }

    /// Blocks, as all here.
    func readState() -> State {
        guard let data = try? Data(contentsOf: URL(filePath: statePath)) else { return State() }
        return (try? JSONDecoder().decode(State.self, from: data)) ?? State()
    }

    func write(_ state: State) throws { try replace(statePath, Array(JSONEncoder().encode(state))) }

    func write(certificate: [UInt8], key: SigningKey) throws {
        try replace(identityPath, certificate + [UInt8(ascii: "\n")] + key.pem())
    }

    /// The key by which the authority knows this server; made once.
    func accountKey() throws -> SigningKey {
        if let data = try? Data(contentsOf: URL(filePath: accountPath)) { return try SigningKey(pem: Array(data)) }
        let key = try SigningKey()
        try replace(accountPath, key.pem())
        return key
    }

    /// Sees that there is something to show, if only a certificate that this server signed itself.
    func prepare(for names: [String]) throws {
        var state = readState()
        if access(identityPath, R_OK) == 0, state.names == names { return }
        let key = try SigningKey()
        try write(certificate: CertificateMaking.selfSigned(for: names, key: key), key: key)
        state = State(names: names)
        try write(state)
    }

    /// The whole file or the one before it, whatever happens.
    private func replace(_ path: String, _ bytes: [UInt8]) throws {
        let temporary = "\(path).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(temporary) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw failure(temporary) }
            rest.removeFirst(count)
        }
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw failure(path) }
    }

    private func failure(_ path: String) -> ServerError {
        .folderUnavailable(path, String(cString: strerror(errno)))
    }
}
