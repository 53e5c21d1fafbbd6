import FoundationEssentials
import HTTP
import HTTPClient
import Reactor

/// Looks at a running server from outside, by the address that people use, through whatever stands before it.
public struct OutsideDoctor: Sendable {
    private let url: String
    private let client: HTTPClient
    private let loops: EventLoopGroup

    private typealias Seen = ConnectionRoutes.Seen

    /// Larger than the limits that proxies have by themselves, and than what they keep in memory.
    private static let uploadByteCount = 4 << 30
    private static let firstPieces = 64

    /// - Parameter url: `https://video.example.org`; what stands behind the name is not used.
    /// - Throws: `HTTPClientError` for an address that is none.
    public static func examine(_ url: String) async throws -> [Finding] {
        let loops = try EventLoopGroup(count: 1)
        var configuration = HTTPClient.Configuration()
        // The operator's own server may be anywhere.
        configuration.allowedNetworks = ["0.0.0.0/0", "::/0"].compactMap(IPNetwork.init)
        configuration.userAgent = "palco doctor"
        let client = try HTTPClient(group: loops, configuration: configuration)
        let outcome: Result<[Finding], any Error>
        do { outcome = .success(try await OutsideDoctor(url, client, loops).findings()) } catch {
            outcome = .failure(error)
        }
        await client.shutdown()
        await loops.shutdown()
        return try outcome.get()
    }

    private init(_ url: String, _ client: HTTPClient, _ loops: EventLoopGroup) {
        // Without what stands behind the name.
        self.url = url.split(separator: "/").prefix(2).joined(separator: "//")
        self.client = client
        self.loops = loops
    }

    private func findings() async throws -> [Finding] {
        do {
            let answer = try await client.withResponse(to: request("/healthz")) { response in
                (response.status.code, try await response.body.collect())
            }
            guard answer.0 == 200, answer.1 == Array("ok\n".utf8) else {
                return [
                    .bad(
                        "reach", "\(url)/healthz answers \(answer.0), and not Palco's word",
                        mend: "let the proxy pass everything on: proxy_pass http://127.0.0.1:8080;")
                ]
            }
        } catch let error as HTTPClientError where error.code == .untrustedServer {
            return [
                .bad(
                    "certificate", error.detail, mend: "give the proxy a certificate for this name and its whole chain")
            ]
        } catch let error as HTTPClientError where error.code != .invalidURL {
            return [.bad("reach", error.detail, mend: "start palco and the proxy, and open the port in the firewall")]
        }
        let seen = try await look()
        var findings: [Finding] = [.good("reach", "\(url) is a Palco")]
        findings.append(addressFinding(seen))
        findings.append(schemeFinding(seen))
        findings.append(hostFinding(seen))
        findings.append(upgradeFinding(seen))
        findings.append(await uploadFinding())
        findings.append(try await streamFinding())
        return findings
    }

    private func request(_ path: String) -> ClientRequest {
        var request = ClientRequest(url: url + path)
        request.maxRedirects = 0
        return request
    }

    private func look() async throws -> Seen {
        var request = request("/connection")
        request.offersWebSocket = true
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try await client.withResponse(to: request) { response in
            try decoder.decode(Seen.self, from: Data(try await response.body.collect()))
        }
    }

    // MARK: What is passed on

    private func addressFinding(_ seen: Seen) -> Finding {
        if seen.isProxied { return .good("address", "you are \(seen.address), says a trusted proxy") }
        if seen.isForwarded {
            return .bad(
                "address", "a proxy at \(seen.address) says for whom it asks and is not believed",
                mend: "PALCO_TRUSTED_PROXIES=\(seen.address)")
        }
        if url.hasPrefix("https:"), seen.scheme == "http" {
            return .bad(
                "address", "a proxy at \(seen.address) does not say for whom it asks: all count as one",
                mend: "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; and "
                    + "PALCO_TRUSTED_PROXIES=\(seen.address)")
        }
        return .good("address", "you are \(seen.address), without a proxy that says so")
    }

    private func schemeFinding(_ seen: Seen) -> Finding {
        if url.hasPrefix("\(seen.scheme):") { return .good("scheme", seen.scheme) }
        let cookies = seen.scheme == "http" ? "cookies are not Secure" : "cookies are lost"
        return .bad(
            "scheme", "Palco is told \(seen.scheme), so \(cookies)", mend: "proxy_set_header X-Forwarded-Proto $scheme;"
        )
    }

    private func hostFinding(_ seen: Seen) -> Finding {
        let authority = url.split(separator: "/").last?.lowercased() ?? ""
        if seen.host?.lowercased() == authority { return .good("name", authority) }
        return .bad(
            "name", "Palco is told \(seen.host ?? "none") and not \(authority), so browsers' WebSockets are refused",
            mend: "proxy_set_header Host $http_host;")
    }

    private func upgradeFinding(_ seen: Seen) -> Finding {
        if seen.offersWebSocket { return .good("upgrade", "WebSockets come through") }
        return .bad(
            "upgrade", "the wish for a WebSocket does not arrive",
            mend: "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
                + "proxy_set_header Connection $connection_upgrade;")
    }

    // MARK: What is kept

    /// Announces an upload of gigabytes to a route that takes none, sends its beginning, and waits for Palco's refusal.
    private func uploadFinding() async -> Finding {
        let source = UploadBeginning(loops.next(), pieceCount: Self.firstPieces)
        var request = request("/api/v1/auth/login")
        request.method = .post
        request.headers = [.contentType: "application/json"]
        request.body = .stream(byteCount: Self.uploadByteCount) { try await source.next() }
        request.timeouts.whole = .seconds(15)
        // Enough for HTTP/1.1 to be taken, in which a refusal may come before the body ends.
        request.maxBodyBytes = 8 << 20
        do {
            let (status, text) = try await client.withResponse(to: request) { response in
                (response.status.code, String(decoding: try await response.body.collect(), as: UTF8.self))
            }
            if text.contains(#""code":"body_too_large""#) {
                return .good("uploads", "of any size are passed on at once")
            }
            return .bad(
                "uploads", "an upload of 4 GiB is answered \(status) on the way", mend: "client_max_body_size 0;")
        } catch let error as HTTPClientError {
            if case .timedOut = error.code {
                return .bad(
                    "uploads", "they are kept on the way until they are whole", mend: "proxy_request_buffering off;")
            }
            return .weak(
                "uploads", "an upload of 4 GiB ends with: \(error.detail)", mend: "client_max_body_size 0;")
        } catch {
            return .weak("uploads", "an upload of 4 GiB ends with: \(error)", mend: "client_max_body_size 0;")
        }
    }

    /// Whether the first of two events comes when it is sent.
    private func streamFinding() async throws -> Finding {
        let gap = try await client.withResponse(to: request("/connection/events")) { response -> Duration in
            var (text, first) = ("", MonotonicTime?.none)
            while let piece = try await response.body.next() {
                text += String(decoding: piece, as: UTF8.self)
                if first == nil, text.contains("event: first") { first = .now }
                if let first, text.contains("event: second") { return MonotonicTime.now - first }
            }
            return .zero
        }
        if gap > ConnectionRoutes.pause / 2 { return .good("streams", "events come as they are sent") }
        return .bad("streams", "events are kept on the way", mend: "proxy_buffering off;")
    }
}

/// The pieces of a body that begins fast and goes on slowly, until the task is cancelled: it never comes to its end, and
/// whoever waits for that shows it.
private actor UploadBeginning {
    private let loop: EventLoop
    private var left: Int

    init(_ loop: EventLoop, pieceCount: Int) {
        self.loop = loop
        left = pieceCount
    }

    func next() async throws -> [UInt8]? {
        if left == 0 { try await loop.sleep(for: .milliseconds(100)) } else { left -= 1 }
        return [UInt8](repeating: 0x20, count: 16 << 10)
    }
}
