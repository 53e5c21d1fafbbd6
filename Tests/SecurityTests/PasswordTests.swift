import BaseEncoding
import Cryptography
import Reactor
import Testing

@testable import Security

@Suite("Password hashes")
struct PasswordTests {
    let hasher: PasswordHasher

    init() throws {
        hasher = PasswordHasher(pool: try BlockingPool(name: "password", threads: 1), memoryKiB: 64, passes: 1)
    }

    @Test("Argon2id gives the tag of RFC 9106 5.3")
    func vector() throws {
        let input = Argon2id.Input(
            password: .init(repeating: 1, count: 32), salt: .init(repeating: 2, count: 16),
            secret: .init(repeating: 3, count: 8), associatedData: .init(repeating: 4, count: 12))
        let tag = try Argon2id.hash(input, cost: .init(memoryKiB: 32, passes: 3, lanes: 4), byteCount: 32)
        #expect(Hex.encode(tag) == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659")
    }

    @Test("What a call leaves in memory that the next one gets changes nothing")
    func memoryOfOthers() throws {
        func tag(_ byte: UInt8) throws -> [UInt8] {
            let input = Argon2id.Input(
                password: .init(repeating: byte, count: 32), salt: .init(repeating: 2, count: 16))
            return try Argon2id.hash(input, cost: .init(memoryKiB: 96, passes: 1, lanes: 1), byteCount: 32)
        }
        Argon2id.giveBackMemory()
        let (first, second) = (try tag(1), try tag(2))
        #expect(first != second)
        for _ in 0..<3 { #expect(try tag(1) == first && tag(2) == second) }
        Argon2id.giveBackMemory()
        #expect(try tag(1) == first)
    }

    @Test("A hash made by the reference command is understood")
    func reference() async throws {
        // printf password | argon2 somesalt -id -t 2 -m 16 -p 1 -e (from the reference implementation's test.c)
        let hash = try PasswordHash(
            encoded: "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
        #expect(try await hasher.verify("password", against: hash))
        #expect(hasher.isOutdated(hash))
    }

    @Test("The right password fits, others do not, and no two hashes are alike")
    func roundTrip() async throws {
        let hash = try await hasher.hash("Sehr-geheim-1")
        let stored = try PasswordHash(encoded: hash.encoded)
        #expect(stored == hash)
        #expect(hash.encoded.hasPrefix("$argon2id$v=19$m=64,t=1,p=1$"))
        #expect(try await hasher.verify("Sehr-geheim-1", against: stored))
        #expect(try await hasher.verify("sehr-geheim-1", against: stored) == false)
        #expect(try await hasher.verify("", against: stored) == false)
        #expect(try await hasher.hash("Sehr-geheim-1") != hash)
        #expect(!hasher.isOutdated(stored))
    }

    @Test("Without an account the answer is no, whatever is said")
    func nobody() async throws {
        #expect(try await hasher.verify("anything", against: nil) == false)
    }

    @Test("A hash never describes itself")
    func description() async throws {
        let hash = try await hasher.hash("x")
        #expect("\(hash)" == "[password hash]")
    }

    @Test(
        "Stored forms that are none, or would stall the server, are refused",
        arguments: [
            "", "$argon2id$", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=64,t=9999,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$", "$argon2id$v=19$m=64,t=1,p=1$$CTFhFdXPJO1a",
            "$argon2id$v=19$m=64,t=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ])
    func malformed(encoded: String) {
        #expect(throws: SecurityError.self) { try PasswordHash(encoded: encoded) }
    }

    @Test("A generated password has every kind of character and is not made twice")
    func generated() {
        let password = Random.password()
        #expect(password.count == 23)
        #expect(password.contains { $0.isLowercase } && password.contains { $0.isUppercase })
        #expect(password.contains { $0.isNumber } && password.contains("-"))
        #expect(password != Random.password())
    }
}
