import Encoding
import FoundationEssentials
import HTTPClient
import Reactor
import S3
import Storage
import Telemetry

extension Settings {
    /// Where media is kept, opened. What an earlier process left half done in a folder of this process's own is swept; what several
    /// share, `SweepStorage` sweeps. Blocks; for the start.
    ///
    /// - Parameter folder: this process's own.
    /// - Throws: `S3Credentials.Missing`; `StorageError`.
    func openStorage(
        _ folder: DataFolder, pool: BlockingPool, loops: EventLoopGroup, outgoing: OutgoingCounts, log: Log
    ) throws -> StorageServices {
        func place(_ place: StoragePlace, cache: BlobKey = "cache") throws -> StorageServices {
            try services(place, folder, cache: cache, pool: pool, loops: loops, outgoing: outgoing, log: log)
        }
        // Copies of a place that media has left.
        try sweep(folder, log, work: storageAlso == nil ? ["cache-also", "cache-also-parts"] : [])
        var storage = try place(storagePlace)
        if let storageAlso { storage = StorageServices(storage, also: try place(storageAlso, cache: "cache-also")) }
        storage.addresses = mediaRedirect
        return storage
    }

    private func services(
        _ place: StoragePlace, _ folder: DataFolder, cache: BlobKey, pool: BlockingPool, loops: EventLoopGroup,
        outgoing: OutgoingCounts, log: Log
    ) throws -> StorageServices {
        switch place {
        case .bucket(let location):
            let client = try bucketClient(location, pool: pool, loops: loops, outgoing: outgoing)
            return try StorageServices(folder, client, cacheByteCount: storageCacheBytes, cache: cache)
        case .data: return StorageServices(folder)
        case .folder(let path):
            try Server.makePrivateFolder(path)
            let shared = try DataFolder(root: path, pool: pool, reserve: diskReserveBytes, isShared: true)
            return StorageServices(shared)
        }
    }

    func bucketClient(
        _ location: S3Location, pool: BlockingPool, loops: EventLoopGroup, outgoing: OutgoingCounts
    ) throws -> S3Client {
        // What changes in the file while the server runs is read then.
        let read: @Sendable () throws -> S3Credentials = {
            try S3Credentials(environment: ProcessInfo.processInfo.environment)
        }
        var configuration = S3Client.Configuration(location: location, credentials: try read())
        configuration.renewal = read
        configuration.encryption = storageEncryption
        configuration.certificateAuthorities = storageAuthorities
        configuration.counts = outgoing
        return try S3Client(configuration, loops: loops, pool: pool)
    }

    private func sweep(_ folder: DataFolder, _ log: Log, work: [BlobKey] = []) throws {
        let leftovers = try folder.sweepLeftovers(work: [EncodingWorkers.workFolder] + work)
        if leftovers > 0 { log.info("leftovers removed", ["count": .init(leftovers)]) }
    }
}
