import Bus
import Glibc
import Reactor
import SQL
import Sandbox
import Security

extension Doctor {
    private static let comfortableSpace = 10 << 30
    private static let comfortableFiles: UInt = 4096

    /// The data folder and the free space where it is or will be.
    func folderFindings() -> [Finding] {
        let folder = settings.dataFolder
        var existing = folder
        while access(existing, F_OK) != 0, let slash = existing.lastIndex(of: "/") {
            existing = slash == existing.startIndex ? "/" : String(existing[..<slash])
        }
        if access(existing, F_OK) != 0 { existing = "." }
        guard access(existing, W_OK | X_OK) == 0 else {
            return [
                .bad(
                    "data folder", "\(existing) cannot be written",
                    mend: "give its owner to the user that runs palco, or choose another with --data")
            ]
        }
        let isThere = existing == folder
        var findings: [Finding] = [
            .good("data folder", isThere ? "\(folder) can be written" : "\(folder) will be made at the first start")
        ]
        var status = statvfs()
        guard statvfs(existing, &status) == 0 else { return findings }
        let free = Int(clamping: UInt64(status.f_bavail) &* UInt64(status.f_frsize))
        let usable = max(0, free - settings.diskReserveBytes)
        let text = "\(usable >> 20) MiB can be used, \(settings.diskReserveBytes >> 20) MiB stay free"
        if usable == 0 {
            findings.append(
                .bad("free space", text, mend: "free space on the disk of \(existing), or move the data folder"))
        } else if usable < Self.comfortableSpace {
            findings.append(.weak("free space", text, mend: "plan about twice the size of the originals"))
        } else {
            findings.append(.good("free space", text))
        }
        return findings
    }

    /// Whether a start would get along with the database that is there.
    func databaseFinding() async -> Finding {
        let location = settings.database
        if case .file(let path) = location, access(path, F_OK) != 0 {
            return .good("database", "\(path) will be made at the first start")
        }
        do {
            let state = try await Database.migrationState(of: location, migrations: migrations)
            let steps =
                if !state.pending.isEmpty {
                    "\(state.pending.count) steps will be applied at the next start"
                } else {
                    state.newer.isEmpty ? "up to date" : "of a newer palco, with which this one can go on for now"
                }
            return .good("database", "\(location), \(steps)")
        } catch let error as SQLError where error.code == .disconnected || error.code == .cannotOpen {
            return .bad(
                "database", "\(error)",
                mend: "start the database, or change PALCO_DATABASE and the password that it needs")
        } catch {
            return .bad(
                "database", "\(location): \(error)",
                mend: "restore the last backup, or start the version that wrote it")
        }
    }

    /// Whether Redis is reached, and which. Nothing where none is set. A start does without it.
    func redisFindings(on loop: EventLoop) async throws -> [Finding] {
        guard let address = settings.redis else { return [] }
        let pool = try BlockingPool(name: "doctor-names", threads: 1)
        let finding: Finding
        do {
            let version = try await RedisClient.version(of: address, on: loop, pool: pool)
            finding =
                settings.databaseAddress == nil
                ? .weak(
                    "Redis", "\(address), version \(version), for one server alone",
                    mend: "several servers need PALCO_DATABASE as well")
                : .good("Redis", "\(address), version \(version)")
        } catch {
            finding = .weak(
                "Redis", "\(error)", mend: "start Redis, or change PALCO_REDIS; until then each server counts alone")
        }
        await pool.shutdown()
        return [finding]
    }

    /// What a guess costs a thief of the database, and a sign-in this machine; whether there is a list of those to refuse.
    func passwordFindings() async throws -> [Finding] {
        let pool = try BlockingPool(name: "doctor-passwords", threads: 1)
        let hasher = PasswordHasher(pool: pool)
        await pool.shutdown()
        return [
            .good("passwords", "hashed by \(hasher.costText)"),
            PasswordList.read().map { Finding.good("common passwords", "\($0.count) are refused") }
                ?? .weak(
                    "common passwords", "there is no list of them: only the worst are refused",
                    mend: "put \(PasswordList.fileName) beside the executable, or run scripts/setup"),
        ]
    }

    func limitFindings() -> [Finding] {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return [] }
        let text = "\(limit.rlim_max) open files"
        let wanted = UInt(settings.maxConnections) + Self.comfortableFiles
        if limit.rlim_max >= wanted { return [.good("limits", text)] }
        return [
            .weak(
                "limits", text,
                mend:
                    "\(settings.maxConnections) connections want \(wanted): raise \"ulimit -Hn\" or LimitNOFILE of the service"
            )
        ]
    }

    /// What would protect this machine from a hostile file, as a confined process reports it.
    func sandboxFindings(_ report: () throws -> SandboxReport = { try Sandbox().report() }) -> [Finding] {
        var lines: [Finding] = []
        let check = SandboxCheck(accepting: settings.acceptedSandboxWeaknesses) {
            let report = try report()
            lines = report.lines.map { line in
                line.isActive
                    ? .good("sandbox: \(line.name)", line.detail)
                    : .weak(
                        "sandbox: \(line.name)", "not active: \(line.detail)",
                        mend: "use a kernel and a container that allow it")
            }
            return report
        }
        return lines + [finding(of: check)]
    }

    /// Whether a start would take uploads.
    private func finding(of check: SandboxCheck) -> Finding {
        if let failure = check.failure, !check.acceptsUploads {
            return .bad("sandbox", failure, mend: "start palco by its own path, on a kernel with seccomp and Landlock")
        }
        let missing = check.missing.map(\.rawValue).joined(separator: ",")
        guard check.acceptsUploads else {
            return .bad(
                "sandbox", "uploads are refused, for the kernel does not give: \(missing)",
                mend: "use a kernel and a container that allow it, or accept the risk: "
                    + "PALCO_ACCEPT_WEAK_SANDBOX=\(missing)")
        }
        if missing.isEmpty { return .good("sandbox", "files of strangers are read confined") }
        return .weak(
            "sandbox", "missing: \(missing), accepted by PALCO_ACCEPT_WEAK_SANDBOX",
            mend: "use a kernel and a container that allow it")
    }
}
