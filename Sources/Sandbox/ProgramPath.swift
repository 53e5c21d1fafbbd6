import CSandbox
import Glibc

/// The path of the one program that a confined process becomes, at a place in memory that the filter knows.
///
/// A filter sees the address of a path and not its letters. So the path lies at a fixed low address, `execve` is let
/// through for this address alone, and the filter lets nobody map memory there. The program that is started has its
/// own memory, in which this address holds nothing: it cannot start another program, whatever it may read.
enum ProgramPath {
    /// Above what kernels reserve (`vm.mmap_min_addr`), below where programs and their memory are placed.
    static let address: UInt64 = 0x10_0000
    /// The filter keeps all memory below free.
    static let end: UInt64 = 0x20_0000
    private static let byteCount = 0x1_0000

    static var pointer: UnsafePointer<CChar>? { UnsafePointer(bitPattern: UInt(address)) }

    /// Writes the path to its place. Before the filter is installed.
    static func place(_ program: String) throws(SandboxError) {
        let bytes = Array(program.utf8CString)
        guard bytes.count <= PATH_MAX else { throw SandboxError(step: program, errno: ENAMETOOLONG) }
        let wanted = UnsafeMutableRawPointer(bitPattern: UInt(address))
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | CSANDBOX_MAP_FIXED_NOREPLACE
        let page = mmap(wanted, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0)
        // A kernel without MAP_FIXED_NOREPLACE (before 4.17) takes the address for a wish.
        guard let page, page == wanted else { throw SandboxError(step: "place of the program's path", errno: errno) }
        page.copyMemory(from: bytes, byteCount: bytes.count)
    }
}
