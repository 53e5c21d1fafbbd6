import Accounts
import Bus
import Cryptography
import Encoding
import HTTPClient
import Mail
import Reactor
import S3
import Sandbox
import Storage
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
    /// Of media, which other servers and workers may share; nil keeps it in the data folder.
    public var storageFolder: String?
    /// The same in place of a folder: a bucket for S3.
    public var storageBucket: S3Location?
    /// Where media is looked for besides, while it moves; nil for nowhere.
    public var storageAlso: StoragePlace?
    /// What the bucket's server does with objects before it writes them to its disks; nil leaves it to the bucket.
    public var storageEncryption: S3Encryption?
    /// The PEM file of the authorities that may certify the bucket's server; nil for the system's.
    public var storageAuthorities: String?
    /// What copies of the bucket's blobs may take in the data folder.
    public var storageCacheBytes = 10 << 30
    /// Who else hands out complete encrypted segments; nil for nobody.
    public var mediaRedirect: BlobAddresses?
    /// Of PostgreSQL, as libpq reads it; nil for SQLite in the data folder. It may hold a password.
    public var databaseAddress: String?
    /// To PostgreSQL, at most.
    public var databaseConnections = 8
    /// Of Kafka, `host:port` separated by commas; nil where no other system is told anything.
    public var kafkaBrokers: String?
    public var kafkaTopic = "palco.events"
    /// A file of librdkafka's properties. It may hold passwords.
    public var kafkaOptions: String?
    /// Nil where servers count and hear without one. It may hold a password.
    public var redis: RedisAddress?
    /// Where people reach this installation: `https://video.example.org`; nil where the names of certificates say it, or nobody does.
    public var publicURL: String?
    /// Which takes mail; nil for none. It may hold a password.
    public var mailServer: SMTPServer?
    public var mailPassword: String?
    /// The PEM file of the authorities that may certify it; nil for the system's.
    public var mailAuthorities: String?
    /// Whom mails are from.
    public var mailFrom: MailAddress?
    /// Who may make an account without an administrator.
    public var registration = RegistrationPolicy.closed
    public var registrationDomains: [String] = []
    /// An account is made when its address is proven.
    public var verifiesEmail = true
    /// People may remove their own accounts.
    public var allowsSelfRemoval = false
    /// The folder of pages; nil finds `web/` beside the executable or the working folder.
    public var webFolder: String?
    public var adminEmail: String?
    public var adminPassword: String?
    public var encryption = EncodingSettings.Encryption.aes128
    public var loopCount = EventLoopGroup.coreCount
    /// With 0 workers elsewhere do all.
    public var workerCount = EventLoopGroup.coreCount
    /// What the workers take.
    public var taskLimits = TaskLimits()
    public var maxConnections = 10_000
    public var maxConnectionsPerAddress = 512
    public var maxUploadBytes = 64 << 30
    /// As the file says and as it is measured.
    public var maxDuration = Duration.seconds(24 * 3600)
    public var maxUploadsPerUser = 64
    /// Networks that files may be fetched from although they are not on the open internet.
    public var fetchNetworks: [IPNetwork] = []
    /// 0 for any number.
    public var maxBytesPerUser = 0
    /// An upload that nobody goes on with is removed after this.
    public var trashExpiry = Duration.seconds(30 * 24 * 3600)
    public var uploadExpiry = Duration.seconds(24 * 3600)
    /// Bytes of the disk that stay free.
    public var diskReserveBytes = 256 << 20
    /// How long a signed link to a video's media is good.
    public var grantLifetime = Duration.seconds(6 * 3600)
    /// How long a video's password is remembered once it was given.
    public var unlockLifetime = Duration.seconds(3600)
    /// Proxies that may say for whom they ask.
    public var trustedProxies: [IPNetwork] = []
    /// Whoever comes by the Unix socket may say so, too.
    public var trustsSocket = false
    /// Those proxies begin each connection with a header of the PROXY protocol.
    public var readsProxyHeaders = false
    /// By this field those proxies say who is signed in before them; nil where they do not.
    public var trustedUserHeader: String?
    /// Such people get an account where they have none.
    public var trustedUserRegisters = false
    /// Where people may sign in besides.
    public var providers: [ProviderSettings] = []
    /// What signs access tokens; nil for HS256 with the installation's secret.
    public var tokenAlgorithm: SignatureAlgorithm?
    /// After this another key signs.
    public var tokenKeyAge = Duration.seconds(90 * 86_400)
    /// What a reader of `/metrics` sends from another machine; nil lets this machine only.
    public var metricsToken: String?
    /// Wrong passwords in a row that lock an account for the network that they come from.
    public var signInFailures = 5
    public var signInLockTime = Duration.seconds(86_400)
    /// How long entries of the audit are kept.
    public var auditDays = 365
    public var passwordRule = PasswordPolicy.Rule.classes
    /// After this a password must be changed; nil for never.
    public var passwordMaximumAge: Duration?
    /// Former passwords that their owner may not choose again.
    public var passwordHistory = 5
    /// Who must have one-time codes.
    public var otpRoles: Set<Role> = []
    /// How long a sign-in lasts without being used, and however it is used.
    public var sessionIdleTime = Duration.seconds(30 * 86_400)
    public var sessionTime = Duration.seconds(365 * 86_400)
    public var corsOrigins: [String] = []
    /// Whose pages may show shared videos in frames; nobody's where there are none.
    public var embedOrigins: [String] = []
    /// Cookies are marked `Secure` whatever a proxy says: for servers that people reach by https only.
    public var secureCookies = false
    /// Protections of the sandbox that may be missing; without them uploads are refused.
    public var acceptedSandboxWeaknesses: Set<SandboxReport.Protection> = []
    public var ffmpegPath = "/usr/bin/ffmpeg"
    public var ffprobePath = "/usr/bin/ffprobe"
    public var logLevel = LogLevel.info
    /// Where values come from, by the names of settings; what is not there nobody has set.
    public var given: [String: GivenSetting] = [:]
    public var docs = Docs.public

    /// All of them stand in a header field.
    static let mostEmbedOrigins = 50

    public init() {}

    /// What is right where a certificate authority, and whoever types a name, must come through: the standard ports on
    /// all of the machine's addresses.
    mutating func listenForEverybody() {
        host = "::"
        port = 80
        tlsPort = 443
    }

    /// Who sees the contract of the API and the page on which its requests are tried.
    public enum Docs: String, Sendable {
        case `public`, administrators, off
    }

    /// Where media is kept.
    public enum StoragePlace: Sendable, Equatable {
        case data
        case folder(String)
        case bucket(S3Location)
    }

    var storagePlace: StoragePlace { storageBucket.map { .bucket($0) } ?? storageFolder.map { .folder($0) } ?? .data }

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
        encoding.tasks = taskLimits
        encoding.version = Version.current
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
