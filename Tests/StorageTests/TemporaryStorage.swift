import FoundationEssentials
import Glibc
import Reactor

@testable import Storage

/// A storage in a folder of one test, gone with this object. With `byteCount` the folder is a file system of that size.
final class TemporaryStorage: Sendable {
    let root: String
    let storage: LocalStorage
    private let isMounted: Bool

    init(reserve: Int = 0, byteCount: Int? = nil) throws {
        root = FileManager.default.temporaryDirectory.path + "/palco-storage-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        if let byteCount {
            guard mount("none", root, "tmpfs", 0, "size=\(byteCount)") == 0 else { throw SystemError("mount") }
        }
        isMounted = byteCount != nil
        storage = try LocalStorage(root: root, pool: try BlockingPool(name: "files", threads: 2), reserve: reserve)
    }

    deinit {
        if isMounted { umount2(root, Int32(MNT_DETACH)) }
        try? FileManager.default.removeItem(atPath: root)
    }

    static var mayMount: Bool { geteuid() == 0 }

    /// Every file and folder below the root, working files included.
    var everything: [String] {
        get throws { try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0 != ".lock" }.sorted() }
    }
}
