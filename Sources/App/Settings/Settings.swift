import Encoding
import Reactor
import Sandbox
import TLS
import Telemetry

/// Everything an operator may choose. Each is an environment variable `PALCO_…`; `SettingsReader` reads them and
/// `palco.sample.env` explains them.
public struct Settings: Sendable {
    public var host = "127.0.0.1"
    /// 0 lets the kernel choose.
    public var port = 8080
    /// A Unix socket to listen on besides.
    public var socketPath: String?
    /// Certificates with their chains, and their keys in the same order: PEM files. Without any there is no https.
    public var tlsCertificates: [String] = []
    public var tlsKeys: [String] = []
    /// Host names that a certificate is to be had for, in lower case, instead of files.
    public var tlsNames: [String] = []
    /// The certificate authority's directory (RFC 8555 7.1.1).
    public var acmeDirectory = "https://acme-v02.api.letsencrypt.org/directory"
    /// The PEM file of the authority's own authorities: for one of the house, whose address may be of the house too.
    public var acmeAuthorities: String?
    /// `http://user:password@host:port`: the proxy by which other servers are asked; nil asks them directly.
    public var outgoingProxy: String?
    /// 0 lets the kernel choose.
    public var tlsPort = 8443
    public var dataFolder = "data"
    /// The folder of pages; nil finds `web/` beside the executable or the working folder.
    public var webFolder: String?
    public var adminEmail: String?
    public var adminPassword: String?
    public var encryption = EncodingSettings.Encryption.aes128
    public var loopCount = EventLoopGroup.coreCount
    public var workerCount = EventLoopGroup.coreCount
    public var maxConnections = 10_000
    public var maxConnectionsPerAddress = 512
    public var maxUploadBytes = 64 << 30
    /// As the file says and as it is measured.
    public var maxDuration = Duration.seconds(24 * 3600)
    public var maxUploadsPerUser = 64
    /// 0 for any number.
    public var maxBytesPerUser = 0
    /// An upload that nobody goes on with is removed after this.
    public var uploadExpiry = Duration.seconds(24 * 3600)
    /// Bytes of the disk that stay free.
    public var diskReserveBytes = 256 << 20
    /// How long a signed link to a video's media is good.
    public var grantLifetime = Duration.seconds(6 * 3600)
    /// Proxies that may say for whom they ask.
    public var trustedProxies: [IPNetwork] = []
    /// Whoever comes by the Unix socket may say so, too.
    public var trustsSocket = false
    /// Those proxies begin each connection with a header of the PROXY protocol.
    public var readsProxyHeaders = false
    /// What a reader of `/metrics` sends from another machine; nil lets this machine only.
    public var metricsToken: String?
    /// Wrong passwords in a row that lock an account for the network that they come from.
    public var signInFailures = 5
    public var signInLockTime = Duration.seconds(86_400)
    public var corsOrigins: [String] = []
    /// Cookies are marked `Secure` whatever a proxy says: for servers that people reach by https only.
    public var secureCookies = false
    /// Protections of the sandbox that may be missing; without them uploads are refused.
    public var acceptedSandboxWeaknesses: Set<SandboxReport.Protection> = []
    public var ffmpegPath = "/usr/bin/ffmpeg"
    public var ffprobePath = "/usr/bin/ffprobe"
    public var logLevel = LogLevel.info

    public init() {}

    /// What is right where a certificate authority, and whoever types a name, must come through: the standard ports on
    /// all of the machine's addresses.
    mutating func listenForEverybody() {
        host = "::"
        port = 80
        tlsPort = 443
    }

    var certificateFolder: CertificateFolder { CertificateFolder(path: "\(dataFolder)/tls") }

    var tlsIdentities: [TLSContext.Identity] {
        tlsNames.isEmpty
            ? zip(tlsCertificates, tlsKeys).map(TLSContext.Identity.init) : [certificateFolder.identity]
    }

    public var encoding: EncodingSettings {
        var encoding = EncodingSettings()
        encoding.encryption = encryption
        encoding.workerCount = workerCount
        encoding.ffmpegPath = ffmpegPath
        encoding.ffprobePath = ffprobePath
        encoding.limits.duration = maxDuration
        return encoding
    }
}

/// A setting that cannot be used: which one, and what it should be. One line for people; the value is not repeated,
/// for it may be a password.
public struct SettingError: Error, Sendable, Equatable, CustomStringConvertible {
    public let name: String
    public let advice: String

    public var description: String { "\(name) \(advice)" }
}
