// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
]

/// A Swift target of the house: what it stands on is listed here and checked by `HouseTests`.
func room(_ name: String, on floors: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: floors, swiftSettings: settings)
}

func tests(_ name: String, of rooms: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: rooms, swiftSettings: settings)
}

let package = Package(
    name: "palco",
    products: [.executable(name: "palco", targets: ["palco"])],
    targets: [
        // C libraries: a module map, a header, no logic. Each is imported by exactly one Swift target.
        .target(name: "CSystem"),
        .target(name: "CStorage"),
        // What these stand for is loaded where it is set or asked for, and linked nowhere: librdkafka, libpq, libcurl.
        .target(name: "CKafka"),
        .target(name: "CPostgreSQL"),
        .target(name: "CCurl"),
        .target(name: "CLLHTTP", cSettings: [.define("LLHTTP_STRICT_MODE", to: "1")]),
        .target(name: "CSandbox", linkerSettings: [.linkedLibrary("seccomp")]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CTLS", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CRedis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),

        // Ground floor: bytes and threads. What stands here is ordered: each imports only what is above it.
        room("BaseEncoding"),
        room("Telemetry", on: ["BaseEncoding"]),
        room("Identifiers", on: ["BaseEncoding"]),
        room("Cryptography", on: ["BaseEncoding", "COpenSSL"]),
        room("TLS", on: ["CTLS"]),
        room("Reactor", on: ["TLS", "CSystem", "Telemetry"]),
        room("Sandbox", on: ["CSandbox"]),
        room(
            "Security",
            on: ["Reactor", "Cryptography", "Identifiers", "BaseEncoding", "CArgon2", "CCrypt", "CQREncode"]),
        room("SQL", on: ["Reactor", "Cryptography", "Identifiers", "BaseEncoding", "CSQLite", "CPostgreSQL"]),
        room(
            "Bus",
            on: [
                "SQL", "Reactor", "TLS", "Cryptography", "Identifiers", "BaseEncoding", "Telemetry", "CKafka", "CRedis",
            ]),
        room("HTTP", on: ["Reactor", "TLS", "Cryptography", "BaseEncoding", "CLLHTTP", "CNghttp2", "CZlib"]),
        room("HTTPClient", on: ["HTTP", "Reactor", "Telemetry", "CCurl"]),
        room("Mail", on: ["HTTP", "SQL", "Reactor", "Identifiers", "BaseEncoding", "Telemetry"]),
        room("S3", on: ["HTTPClient", "HTTP", "Reactor", "Cryptography", "BaseEncoding"]),
        room("Storage", on: ["S3", "Reactor", "Cryptography", "BaseEncoding", "CStorage"]),
        room("ACME", on: ["HTTPClient", "HTTP", "Reactor", "TLS", "Cryptography", "BaseEncoding"]),
        room("OpenIDConnect", on: ["HTTPClient", "HTTP", "Cryptography", "BaseEncoding"]),
        room("Web", on: ["HTTP", "Bus", "Reactor", "Telemetry"]),

        // Media floor: values in, values out.
        room("Media"),

        // Rooms.
        room(
            "Accounts",
            on: [
                "Bus", "Web", "OpenIDConnect", "Mail", "HTTP", "SQL", "Security", "Reactor", "Cryptography",
                "Identifiers",
                "BaseEncoding", "Telemetry",
            ]),
        room(
            "Encoding",
            on: [
                "Media", "Storage", "SQL", "Sandbox", "Reactor", "Cryptography", "Identifiers", "Telemetry",
            ]),
        room(
            "Videos",
            on: [
                "Accounts", "Bus", "Media", "Web", "HTTPClient", "HTTP", "Storage", "SQL", "Security", "Reactor",
                "Cryptography",
                "Identifiers", "BaseEncoding", "Telemetry",
            ]),

        // Front door.
        room(
            "App",
            on: [
                "Accounts", "Bus", "Encoding", "Videos", "Web", "ACME", "OpenIDConnect", "Mail", "HTTPClient", "HTTP",
                "Storage", "S3", "SQL",
                "Security", "Sandbox", "Reactor", "TLS", "Cryptography", "Telemetry", "BaseEncoding",
            ]),
        .executableTarget(
            name: "palco", dependencies: ["App", "Sandbox", "Reactor", "Telemetry"], swiftSettings: settings,
            // Three megabytes less in memory: relocations take a thirtieth of the place, and nobody asks for symbols by name.
            linkerSettings: [
                .unsafeFlags([
                    "-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs", "-Xlinker",
                    "--no-export-dynamic",
                ])
            ]),

        // Tries everything that a confined program must not be able to do; stands in for ffmpeg in tests.
        .executableTarget(
            name: "Intruder", path: "Tests/Intruder", linkerSettings: [.unsafeFlags(["-static-stdlib"])]),

        // Says everything that it hears again, for the suites that test WebSocket servers.
        .executableTarget(
            name: "EchoServer", dependencies: ["Web", "HTTP", "Reactor"], path: "Tests/EchoServer",
            swiftSettings: settings),

        // Sends files to S3 and fetches them, for the benchmark.
        .executableTarget(
            name: "S3Transfer", dependencies: ["S3", "Reactor"], path: "benchmarks/S3Transfer",
            swiftSettings: settings),

        // What several test targets share; nothing else stands on it.
        .target(
            name: "TestSupport",
            dependencies: ["S3", "HTTP", "SQL", "Reactor", "Cryptography", "Identifiers", "BaseEncoding"],
            path: "Tests/TestSupport",
            swiftSettings: settings),

        // The figure of the queue: `scripts/build queue`.
        .executableTarget(
            name: "QueueLoad", dependencies: ["Encoding", "Identifiers", "SQL"], path: "benchmarks/QueueLoad",
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
        // The figure of the outbox: `scripts/build outbox`.
        .executableTarget(
            name: "OutboxLoad", dependencies: ["Bus", "MockKafka", "SQL", "Reactor", "Telemetry"],
            path: "benchmarks/OutboxLoad", swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),

        // Brokers for tests, in the process of the test.
        .target(
            name: "MockKafka", dependencies: ["CKafka"], path: "Tests/MockKafka", swiftSettings: settings,
            linkerSettings: [.linkedLibrary("rdkafka")]),

        tests("HouseTests", of: []),
        tests("TelemetryTests", of: ["Telemetry"]),
        tests("BaseEncodingTests", of: ["BaseEncoding", "Cryptography"]),
        tests("IdentifiersTests", of: ["Identifiers"]),
        tests("CryptographyTests", of: ["Cryptography", "BaseEncoding"]),
        tests("TLSTests", of: ["TLS", "HTTP", "Reactor", "TestSupport"]),
        tests("ReactorTests", of: ["Reactor", "TestSupport"]),
        tests("SandboxTests", of: ["Sandbox", "Reactor", "palco", "Intruder"]),
        tests(
            "SecurityTests",
            of: ["Security", "Reactor", "Cryptography", "Identifiers", "BaseEncoding", "TestSupport"]),
        tests(
            "SQLTests",
            of: ["SQL", "Reactor", "Cryptography", "Identifiers", "BaseEncoding", "TestSupport"]),
        tests("StorageTests", of: ["Storage", "S3", "Reactor", "TestSupport"]),
        tests(
            "BusTests",
            of: [
                "Bus", "MockKafka", "SQL", "Reactor", "TLS", "Cryptography", "BaseEncoding", "Telemetry", "TestSupport",
            ]),
        tests("HTTPTests", of: ["HTTP", "Reactor", "TestSupport"]),
        tests("S3Tests", of: ["S3", "HTTPClient", "HTTP", "Reactor", "Cryptography", "BaseEncoding", "TestSupport"]),
        tests("HTTPClientTests", of: ["HTTPClient", "HTTP", "Reactor", "TestSupport"]),
        tests("MailTests", of: ["Mail", "SQL", "Reactor", "Telemetry", "TestSupport"]),
        tests("OpenIDConnectTests", of: ["OpenIDConnect", "HTTPClient", "HTTP", "Cryptography", "BaseEncoding"]),
        tests("WebTests", of: ["Web", "HTTP", "Bus", "SQL", "Reactor", "Cryptography", "Telemetry", "TestSupport"]),
        tests("MediaTests", of: ["Media"]),
        tests(
            "AccountsTests",
            of: [
                "Accounts", "Web", "OpenIDConnect", "Mail", "HTTPClient", "HTTP", "SQL", "Security", "Reactor",
                "Cryptography", "Identifiers", "BaseEncoding", "Telemetry", "TestSupport",
            ]),
        tests(
            "EncodingTests",
            of: [
                "Encoding", "Media", "Storage", "SQL", "Sandbox", "Reactor", "Cryptography", "palco", "Intruder",
                "TestSupport",
            ]),
        tests(
            "VideosTests",
            of: [
                "Videos", "Accounts", "Bus", "Media", "Web", "HTTPClient", "HTTP", "Storage", "SQL", "Security",
                "Reactor",
                "Cryptography",
                "BaseEncoding", "TestSupport",
            ]),
        tests(
            "AppTests",
            of: [
                "App", "Accounts", "Bus", "MockKafka", "Encoding", "Media", "Videos", "SQL", "Sandbox", "Security",
                "Storage",
                "Telemetry", "Web",
                "HTTP",
                "Reactor", "TLS",
                "palco", "TestSupport",
            ]),
    ],
    swiftLanguageModes: [.v6]
)

/// A libFuzzer target in fuzz/NAME: one `@_cdecl("LLVMFuzzerTestOneInput")` function and no main. `scripts/fuzz` builds it.
func fuzz(_ name: String, of rooms: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: rooms, path: "fuzz/\(name)",
        swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])],
        linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])])
}

if Context.environment["PALCO_FUZZ"] == "1" {
    package.targets += [
        // Changes movie files for the targets that read them.
        .target(
            name: "BoxMutation", path: "fuzz/BoxMutation",
            swiftSettings: settings + [.enableExperimentalFeature("Extern")]),
        fuzz("RequestFuzz", of: ["HTTP"]),
        fuzz("WebSocketFuzz", of: ["HTTP"]),
        fuzz("HTTP2Fuzz", of: ["HTTP", "Reactor"]),
        fuzz("FormFuzz", of: ["Web"]),
        fuzz("FieldFuzz", of: ["HTTP", "Web", "Reactor", "Telemetry"]),
        fuzz("MovieFuzz", of: ["Media", "BoxMutation"]),
        fuzz("PlanFuzz", of: ["Encoding", "Media", "BoxMutation"]),
        fuzz("CodecFuzz", of: ["Media"]),
        fuzz("PlaylistFuzz", of: ["Media"]),
        fuzz("AnswerFuzz", of: ["S3"]),
        fuzz("TokenFuzz", of: ["Security", "Storage", "Identifiers", "BaseEncoding"]),
    ]
}
