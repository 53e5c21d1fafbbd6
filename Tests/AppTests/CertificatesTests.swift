import FoundationEssentials
import Reactor
import TLS
import Telemetry
import Testing

@testable import App
@testable import TestSupport

@Suite("Certificates that are renewed")
struct CertificatesTests {
    /// Certificates that a server shows, and the files that they come from.
    struct Renewal {
        let authority: TestAuthority
        let pair: TestAuthority.Pair
        let certificates: Certificates
        let log = CapturedLog()
        let pool: BlockingPool

        init() async throws {
            authority = try await TestAuthority()
            pair = try await authority.issue("shown", for: "DNS:first.example")
            pool = try BlockingPool(name: "files", threads: 1)
            certificates = try Certificates(
                [TLSContext.Identity(certificate: pair.certificate, key: pair.key)], pool: pool, log: Log(sink: log))
        }

        var names: [String] { certificates.context.certificates.flatMap(\.names) }

        func replace(_ path: String, by other: String) throws {
            try Data(contentsOf: URL(filePath: other)).write(to: URL(filePath: path), options: .atomic)
        }
    }

    @Test("files that changed are loaded at the second look, when they stand still")
    func renewal() async throws {
        let renewal = try await Renewal()
        await renewal.certificates.look()
        await renewal.certificates.look()
        #expect(renewal.log.lines.isEmpty)
        let next = try await renewal.authority.issue("next", for: "DNS:second.example")
        try renewal.replace(renewal.pair.certificate, by: next.certificate)
        await renewal.certificates.look()
        #expect(renewal.names == ["first.example"])
        try renewal.replace(renewal.pair.key, by: next.key)
        await renewal.certificates.look()
        #expect(renewal.names == ["first.example"])
        await renewal.certificates.look()
        #expect(renewal.names == ["second.example"])
        #expect(renewal.log.lines.count == 1 && renewal.log.lines[0].contains("certificates loaded"))
        await renewal.pool.shutdown()
    }

    @Test("a broken file keeps the old certificate, and the log says so once, with the file and the cause")
    func broken() async throws {
        let renewal = try await Renewal()
        try renewal.authority.write("nonsense", to: "shown.pem")
        for _ in 0..<4 { await renewal.certificates.look() }
        #expect(renewal.names == ["first.example"])
        #expect(renewal.log.lines.count == 1)
        let line = try #require(renewal.log.lines.first)
        #expect(line.contains("error") && line.contains("the old ones stay") && line.contains(renewal.pair.certificate))
        // And by hand as well.
        await renewal.certificates.reload()
        #expect(renewal.names == ["first.example"])
        let next = try await renewal.authority.issue("next", for: "DNS:second.example")
        try renewal.replace(renewal.pair.certificate, by: next.certificate)
        try renewal.replace(renewal.pair.key, by: next.key)
        await renewal.certificates.reload()
        #expect(renewal.names == ["second.example"])
        await renewal.pool.shutdown()
    }

    @Test("the log tells of a certificate that ends soon")
    func warning() async throws {
        let renewal = try await Renewal()
        let next = try await renewal.authority.issue("next", for: "DNS:second.example", days: 3)
        try renewal.replace(renewal.pair.certificate, by: next.certificate)
        try renewal.replace(renewal.pair.key, by: next.key)
        await renewal.certificates.reload()
        let line = try #require(renewal.log.lines.last)
        #expect(line.contains("ends soon") && line.contains("\"days_left\":2"), "\(line)")
        await renewal.pool.shutdown()
    }
}
