import App
import Glibc

/// `palco backup`, `palco restore`, `palco verify`, `palco export` and `palco import`
enum ArchiveCommand {
    static func backUp(_ folder: String, _ options: Command.Options) async throws -> Int32 {
        // Whatever is written belongs to its owner alone.
        umask(0o077)
        let end = try await Server.backUp(try options.settings(), to: folder) { print($0) }
        print(end.text)
        return end.isWhole ? ExitStatus.success : ExitStatus.failure
    }

    static func restore(_ folder: String, _ options: Command.Options) async throws -> Int32 {
        let end = try await Server.restore(try options.settings(), from: folder) { print($0) }
        print(end.text)
        return end.isWhole ? ExitStatus.success : ExitStatus.failure
    }

    static func verify(_ options: Command.Options) async throws -> Int32 {
        let end = try await Server.verify(try options.settings(), repairing: options.isRepair) { print($0) }
        print(end.text)
        return end.isWhole ? ExitStatus.success : ExitStatus.failure
    }

    static func export(_ folder: String, _ options: Command.Options) async throws -> Int32 {
        umask(0o077)
        print(try await Server.export(try options.settings(), to: folder) { print($0) })
        return ExitStatus.success
    }

    static func importing(_ folder: String, _ options: Command.Options) async throws -> Int32 {
        let end = try await Server.importArchive(try options.settings(), from: folder) { print($0) }
        print(end.text)
        return end.isWhole ? ExitStatus.success : ExitStatus.data
    }
}
