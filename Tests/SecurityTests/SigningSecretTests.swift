import Cryptography
import FoundationEssentials
import Identifiers
import Testing

@testable import Security

@Suite("The secret of an installation")
struct SigningSecretTests {
    let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/palco-secret-\(Identifier<Self>())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    @Test("It is made once, for its owner only, and read afterwards")
    func lasting() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/signing.key"
        let made = try SigningSecret.load(orCreateAt: path)
        let read = try SigningSecret.load(orCreateAt: path)
        #expect(made.keyBytes(for: "x") == read.keyBytes(for: "x"))
        #expect(made.keyBytes(for: "x") != made.keyBytes(for: "y"))
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["signing.key"])
    }

    @Test("A file that others can read, or that is too short, stops the start with a way out")
    func refusals() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/signing.key"
        try Data(Random.bytes(32)).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        #expect(throws: SecurityError.self) { try SigningSecret.load(orCreateAt: path) }
        try Data([1, 2, 3]).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(throws: SecurityError.self) { try SigningSecret.load(orCreateAt: path) }
        #expect(throws: SecurityError.self) { try SigningSecret.load(orCreateAt: "\(folder)/no/such/folder") }
    }

    @Test("It never describes itself")
    func description() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let secret = try #require(SigningSecret(bytes: [UInt8](repeating: 65, count: 32)))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect("\(secret)" == "[secret]" && !dumped.contains("65") && SigningSecret(bytes: [1]) == nil)
    }
}
