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
        .target(name: "CLLHTTP", cSettings: [.define("LLHTTP_STRICT_MODE", to: "1")]),
        .target(name: "CSandbox", linkerSettings: [.linkedLibrary("seccomp")]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CTLS", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),

        // Ground floor: bytes and threads. What stands here is ordered: each imports only what is above it.
        room("BaseEncoding"),
        room("Telemetry", on: ["BaseEncoding"]),
        room("Identifiers", on: ["BaseEncoding"]),
        room("Cryptography", on: ["BaseEncoding", "COpenSSL"]),
        room("TLS", on: ["CTLS"]),
        room("Reactor", on: ["TLS", "CSystem", "Telemetry"]),
        room("Sandbox", on: ["CSandbox"]),
        room("Security", on: ["Reactor", "Cryptography", "Identifiers", "BaseEncoding", "CArgon2"]),
        room("SQL", on: ["Reactor", "Cryptography", "Identifiers", "BaseEncoding", "CSQLite"]),
        room("Storage", on: ["Reactor", "CStorage"]),
        room("HTTP", on: ["Reactor", "TLS", "Cryptography", "BaseEncoding", "CLLHTTP", "CNghttp2", "CZlib"]),
        room("HTTPClient", on: ["HTTP", "Reactor", "Telemetry", "CCurl"]),
        room("ACME", on: ["HTTPClient", "HTTP", "Reactor", "TLS", "Cryptography", "BaseEncoding"]),
        room("Web", on: ["HTTP", "Reactor", "Telemetry"]),

        // Media floor: values in, values out.
        room("Media"),

        // Rooms.
        room(
            "Accounts",
            on: [
                "Web", "HTTP", "SQL", "Security", "Reactor", "Cryptography", "Identifiers", "BaseEncoding", "Telemetry",
            ]),
        room(
            "Encoding",
            on: [
                "Media", "Storage", "SQL", "Sandbox", "Reactor", "Cryptography", "Identifiers", "Telemetry",
            ]),
        room(
            "Videos",
            on: [
                "Accounts", "Media", "Web", "HTTP", "Storage", "SQL", "Security", "Reactor", "Cryptography",
                "Identifiers", "BaseEncoding", "Telemetry",
            ]),

        // Front door.
        room(
            "App",
            on: [
                "Accounts", "Encoding", "Videos", "Web", "ACME", "HTTPClient", "HTTP", "Storage", "SQL", "Security",
                "Sandbox", "Reactor", "TLS", "Cryptography", "Telemetry",
            ]),
        .executableTarget(
            name: "palco", dependencies: ["App", "Sandbox", "Reactor", "Telemetry"], swiftSettings: settings),

        // Tries everything that a confined program must not be able to do; stands in for ffmpeg in tests.
        .executableTarget(
            name: "Intruder", path: "Tests/Intruder", linkerSettings: [.unsafeFlags(["-static-stdlib"])]),

        // Says everything that it hears again, for the suites that test WebSocket servers.
        .executableTarget(
            name: "EchoServer", dependencies: ["Web", "HTTP", "Reactor"], path: "Tests/EchoServer",
            swiftSettings: settings),

        // What several test targets share; nothing else stands on it.
        .target(
            name: "TestSupport", dependencies: ["HTTP", "Reactor", "Identifiers"], path: "Tests/TestSupport",
            swiftSettings: settings),

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
        tests("SQLTests", of: ["SQL", "Reactor", "Cryptography", "Identifiers", "TestSupport"]),
        tests("StorageTests", of: ["Storage", "Reactor", "TestSupport"]),
        tests("HTTPTests", of: ["HTTP", "Reactor", "TestSupport"]),
        tests("HTTPClientTests", of: ["HTTPClient", "HTTP", "Reactor", "TestSupport"]),
        tests("WebTests", of: ["Web", "HTTP", "Reactor", "Telemetry", "TestSupport"]),
        tests("MediaTests", of: ["Media"]),
        tests(
            "AccountsTests",
            of: [
                "Accounts", "Web", "HTTP", "SQL", "Security", "Reactor", "Identifiers", "Telemetry", "TestSupport",
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
                "Videos", "Accounts", "Media", "Web", "HTTP", "Storage", "SQL", "Security", "Reactor", "Cryptography",
                "BaseEncoding", "TestSupport",
            ]),
        tests(
            "AppTests",
            of: [
                "App", "Accounts", "Encoding", "Videos", "SQL", "Sandbox", "Security", "Storage", "Telemetry", "Web",
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
        fuzz("TokenFuzz", of: ["Security", "Storage", "Identifiers", "BaseEncoding"]),
    ]
}
