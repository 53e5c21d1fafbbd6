import Glibc
import Reactor

/// Keeps the one thread of a pool busy until it is opened.
struct Gate {
    private let entrance: Int32

    init(_ pool: BlockingPool) async throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw SystemError("pipe") }
        let exit = ends[0]
        entrance = ends[1]
        await withCheckedContinuation { isBusy in
            Task {
                try await pool.run {
                    isBusy.resume()
                    var byte: UInt8 = 0
                    _ = read(exit, &byte, 1)
                    close(exit)
                }
            }
        }
    }

    func open() { close(entrance) }
}
