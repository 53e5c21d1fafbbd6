import CArgon2
import Glibc
import Synchronization

/// The function itself (RFC 9106). Its memory comes from `mmap`: from `malloc` some 20 MB would stay with every thread that ever checked
/// a password. A call leaves it, wiped by the library, to the next one, since fresh pages cost a quarter of a hash; where nobody
/// waits it goes back to the system (`giveBackMemory`).
enum Argon2id {
    /// Pages that nobody uses. Unchecked: an address and a size that never change; whoever takes them out of `spare` has them alone.
    private struct Pages: @unchecked Sendable {
        let start: UnsafeMutableRawPointer
        let byteCount: Int
    }

    /// Of one cost there are no more than threads; hashes of other costs and systems are made anew one by one.
    private static let mostSpare = 8
    // bound: mostSpare
    private static let spare = Mutex<[Pages]>([])

    /// Of calls that have ended.
    static func giveBackMemory() {
        let unused = spare.withLock { spare in
            defer { spare = [] }
            return spare
        }
        for pages in unused { munmap(pages.start, pages.byteCount) }
    }

    struct Cost: Sendable, Equatable {
        var memoryKiB: UInt32
        var passes: UInt32
        var lanes: UInt32
    }

    struct Input {
        var password: [UInt8]
        var salt: [UInt8]
        var secret: [UInt8] = []
        var associatedData: [UInt8] = []
    }

    static func hash(_ input: Input, cost: Cost, byteCount: Int) throws(SecurityError) -> [UInt8] {
        var input = input
        var output = [UInt8](repeating: 0, count: byteCount)
        var status = ARGON2_OK.rawValue
        output.withUnsafeMutableBufferPointer { output in
            input.password.withUnsafeMutableBufferPointer { password in
                input.salt.withUnsafeMutableBufferPointer { salt in
                    input.secret.withUnsafeMutableBufferPointer { secret in
                        input.associatedData.withUnsafeMutableBufferPointer { data in
                            var context = argon2_context()
                            (context.out, context.outlen) = (output.baseAddress, UInt32(output.count))
                            (context.pwd, context.pwdlen) = (password.baseAddress, UInt32(password.count))
                            (context.salt, context.saltlen) = (salt.baseAddress, UInt32(salt.count))
                            (context.secret, context.secretlen) = (secret.baseAddress, UInt32(secret.count))
                            (context.ad, context.adlen) = (data.baseAddress, UInt32(data.count))
                            (context.t_cost, context.m_cost) = (cost.passes, cost.memoryKiB)
                            (context.lanes, context.threads) = (cost.lanes, 1)
                            context.version = ARGON2_VERSION_13.rawValue
                            context.allocate_cbk = { Argon2id.allocate($0, $1) }
                            context.free_cbk = { Argon2id.deallocate($0, $1) }
                            status = argon2id_ctx(&context)
                        }
                    }
                }
            }
        }
        guard status == ARGON2_OK.rawValue else {
            throw SecurityError(.library, "Argon2id: \(String(cString: argon2_error_message(status)))")
        }
        return output
    }

    private static func allocate(
        _ memory: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?, _ byteCount: Int
    ) -> Int32 {
        if let pages = spare.withLock({ spare in
            spare.firstIndex { $0.byteCount == byteCount }.map { spare.remove(at: $0) }
        }) {
            memory?.pointee = pages.start.assumingMemoryBound(to: UInt8.self)
            return ARGON2_OK.rawValue
        }
        let pages = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let pages, pages != MAP_FAILED else { return ARGON2_MEMORY_ALLOCATION_ERROR.rawValue }
        memory?.pointee = pages.assumingMemoryBound(to: UInt8.self)
        return ARGON2_OK.rawValue
    }

    private static func deallocate(_ memory: UnsafeMutablePointer<UInt8>?, _ byteCount: Int) {
        guard let memory else { return }
        let pages = Pages(start: memory, byteCount: byteCount)
        let isKept = spare.withLock { spare in
            guard spare.count < mostSpare else { return false }
            spare.append(pages)
            return true
        }
        if !isKept { munmap(memory, byteCount) }
    }
}
