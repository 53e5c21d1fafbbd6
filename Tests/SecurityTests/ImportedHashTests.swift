import Reactor
import Testing

@testable import Security

/// Hashes made by Python's bcrypt and by Django's hashers.
@Suite("Hashes of other systems")
struct ImportedHashTests {
    let hasher: PasswordHasher

    init() throws {
        hasher = PasswordHasher(pool: try BlockingPool(name: "password", threads: 1), memoryKiB: 64, passes: 1)
    }

    @Test(
        "bcrypt, PBKDF2 and scrypt are understood and are to be made anew",
        arguments: [
            ("Correct-Horse-7", "$2b$04$TJhHHlLRSJOr/vFKkQvqUOuzDuNvpyi.APLWPevQpZ0Ow59k3QzpG"),
            ("Correct-Horse-7", "$2a$05$24SJt1QCsmAtFBsg0UTgTO3.p2kV4e4ZCJyG3TarXsvoTTz1/VpnK"),
            ("Correct-Horse-7", "pbkdf2_sha256$1000$seasalt$FhlroWMXh5Nd6TSxBeHgz7rIZ3jih61kkcwqfeatGAk="),
            (
                "Correct-Horse-7",
                "scrypt$1024$seasalt$8$1$RqllShu+tTg0VU0CMWdC/sqS6iiUUcaw1Siw+4qNuooQjj5iMw1Mn883Mc0Gez3ngNPj9+MuvnqDzQemhUUBNw=="
            ),
            ("Пароль-ñ-7", "$2b$04$9w4Fh4aY9Wa1JT2cyFRMd.kDmksYvoL0oiM1TqFcqKikwoUuvJBeq"),
            ("Пароль-ñ-7", "$2a$05$lJsyX/Icdo7roIB8Xk.2C./y0LR.BwhOaOMjzJP4ypcPZkNSMzVJ6"),
            ("Пароль-ñ-7", "pbkdf2_sha256$1000$seasalt$tx3z0l7HJhZM7evEKhUZUPs9VZto1YldspLfcugRwwM="),
            (
                "Пароль-ñ-7",
                "scrypt$1024$seasalt$8$1$xmCGS8T0MdXddYy3op8Nlv4qjbWcrUgTDU5GSGaND0AtoZeuKxRu67iqXUzNSKqqfQtI0d71nsZOpZwgxObL8Q=="
            ),
        ])
    func vectors(password: String, encoded: String) async throws {
        let hash = try PasswordHash(encoded: encoded)
        #expect(hash.encoded == encoded && hash.isImported && hasher.isOutdated(hash))
        #expect(try await hasher.verify(password, against: hash))
        for wrong in ["correct-horse-7", "", password + "x", password + "\0", "\0"] {
            #expect(try await hasher.verify(wrong, against: hash) == false)
        }
        #expect("\(hash)" == "[password hash]")
    }

    @Test("A hash of ours is none of them")
    func ours() async throws {
        let hash = try await hasher.hash("Correct-Horse-7")
        #expect(!hash.isImported && !hasher.isOutdated(hash))
    }

    static let bcrypt = "TJhHHlLRSJOr/vFKkQvqUOuzDuNvpyi.APLWPevQpZ0Ow59k3QzpG"
    static let value = "FhlroWMXh5Nd6TSxBeHgz7rIZ3jih61kkcwqfeatGAk="
    static let scrypt =
        "RqllShu+tTg0VU0CMWdC/sqS6iiUUcaw1Siw+4qNuooQjj5iMw1Mn883Mc0Gez3ngNPj9+MuvnqDzQemhUUBNw=="

    @Test(
        "What is malformed, or would cost minutes or gigabytes, is refused",
        arguments: [
            // Work that doubles with each: 31 takes a day.
            "$2b$15$\(bcrypt)", "$2b$31$\(bcrypt)", "$2b$03$\(bcrypt)", "$2b$4$\(bcrypt)", "$2x$04$\(bcrypt)",
            "$2b$04$\(bcrypt.dropLast())", "$2b$04$\(bcrypt.dropLast())!", "$2b$+4$\(bcrypt)",
            "pbkdf2_sha256$4000001$seasalt$\(value)", "pbkdf2_sha256$0$seasalt$\(value)",
            "pbkdf2_sha256$-1$seasalt$\(value)", "pbkdf2_sha256$99999999999$seasalt$\(value)",
            "pbkdf2_sha256$1000$$\(value)", "pbkdf2_sha256$1000$seasalt$AAAA", "pbkdf2_sha256$01000$seasalt$\(value)",
            "pbkdf2_sha256$1000$\(String(repeating: "s", count: 129))$\(value)", "pbkdf2_sha1$1000$seasalt$\(value)",
            // 1 GiB, then an hour, then numbers whose product has no place in 64 bits.
            "scrypt$1048576$seasalt$8$1$\(scrypt)", "scrypt$1024$seasalt$8$1024$\(scrypt)",
            "scrypt$1000$seasalt$8$1$\(scrypt)", "scrypt$1024$seasalt$0$1$\(scrypt)",
            "scrypt$4611686018427387904$seasalt$1024$1024$\(scrypt)", "scrypt$1024$seasalt$8$1$\(value)",
            // 256 MiB, and 128 MiB eight times over.
            "$argon2id$v=19$m=262144,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=131072,t=8,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$6$salt$hash", "plain",
        ])
    func refused(encoded: String) {
        #expect(throws: SecurityError.self) { try PasswordHash(encoded: encoded) }
    }

    @Test(
        "What other systems use by default is within the bounds",
        arguments: [
            "$2b$12$\(bcrypt)", "$2y$14$\(bcrypt)", "pbkdf2_sha256$1200000$seasalt$\(value)",
            "scrypt$16384$seasalt$8$5$\(scrypt)", "scrypt$65536$seasalt$8$1$\(scrypt)",
            "$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ])
    func usual(encoded: String) throws {
        #expect(try PasswordHash(encoded: encoded).encoded == encoded)
    }
}
