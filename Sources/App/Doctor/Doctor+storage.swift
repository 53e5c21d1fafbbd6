import HTTPClient
import Reactor
import S3
import SQL

extension Doctor {
    /// Whether the buckets that hold the media answer, with these credentials. Empty where there is none.
    func bucketFindings() async -> [Finding] {
        var findings: [Finding] = []
        for place in [settings.storagePlace, settings.storageAlso] {
            guard case .bucket(let location) = place else { continue }
            findings.append(await finding(about: location))
        }
        return findings
    }

    /// Whether media that lies in the data folder is that of a database which several servers may have. Empty where none can, and where the
    /// database cannot be asked, which is told already.
    func folderFindings(of database: DatabaseLocation) async -> [Finding] {
        guard case .postgreSQL = database, settings.storagePlace == .data, settings.storageAlso == nil,
            let strange = try? await Installation.strangeness(of: settings.dataFolder, to: database)
        else { return [] }
        return [
            .bad(
                "storage", "the films of this database lie in the data folder of another server",
                mend:
                    "give all servers one storage by PALCO_STORAGE; or, if \(settings.dataFolder) is to take the place of that folder, put a file with the name \(Installation.mark) and the text \(strange) into it"
            )
        ]
    }

    private func finding(about location: S3Location) async -> Finding {
        do {
            let loops = try EventLoopGroup(count: 1)
            let pool = try BlockingPool(name: "doctor-storage", threads: 1)
            let result: Result<Void, any Error>
            do {
                let client = try settings.bucketClient(location, pool: pool, loops: loops, outgoing: OutgoingCounts())
                do { result = .success(try await client.check()) } catch { result = .failure(error) }
                await client.shutdown()
            } catch {
                result = .failure(error)
            }
            await pool.shutdown()
            await loops.shutdown()
            try result.get()
            return .good("storage", "\(location) answers, and lets these credentials in")
        } catch {
            return .bad(
                "storage", "\(error)",
                mend: "change PALCO_STORAGE, or the credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        }
    }
}
