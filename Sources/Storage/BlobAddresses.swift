import S3

/// Where anybody can fetch blobs without coming to this server: for those that are noise without their keys.
public enum BlobAddresses: Sendable, Equatable {
    /// From the bucket itself, by addresses that are good for an hour.
    case presigned
    /// Below an address without a slash at its end, such as a CDN's, whose own source is the bucket or the folder.
    case below(String)

    /// How long whoever was told an address may keep it, in seconds: not to the end of its own time.
    public static let keptSeconds = 1800
    static let lifetime = Duration.seconds(3600)
    /// Whoever loses the right to download may begin for so long.
    static let downloadLifetime = Duration.seconds(300)

    /// Scheme and host, as browsers name them.
    func origin(_ client: S3Client?) -> String? {
        switch self {
        case .presigned: client?.location.origin
        case .below(let base):
            base.firstRange(of: "://").map { scheme in
                String(base[..<scheme.upperBound]) + base[scheme.upperBound...].prefix { $0 != "/" }
            }
        }
    }
}

extension StorageServices {
    /// Where others than this server hand out a blob; nil where nobody does.
    public func address(of key: BlobKey) async throws -> String? {
        guard addresses != nil, try await isSettled(key) else { return nil }
        switch (addresses, client) {
        case (.below(let base), _): return "\(base)/\(key)"
        case (.presigned, let client?):
            do { return try client.presign("\(key)", for: BlobAddresses.lifetime, type: "video/mp4") } catch {
                throw StorageError(error, key)
            }
        case (.presigned, nil), (nil, _): return nil
        }
    }

    /// While media moves, others know only what has arrived.
    private func isSettled(_ key: BlobKey) async throws -> Bool {
        guard places.count > 1, let first = places.first else { return true }
        return try await first.exists(key)
    }

    /// Where the bucket hands a blob out to whoever knows the address, for a short while, to be kept as a file. Nil where
    /// media does not come from the bucket: a CDN would hand it to everybody.
    public func downloadAddress(of key: BlobKey, disposition: String, type: String) async throws -> String? {
        guard addresses == .presigned, let client, try await isSettled(key) else { return nil }
        do {
            return try client.presign(
                "\(key)", for: BlobAddresses.downloadLifetime, disposition: disposition, type: type)
        } catch {
            throw StorageError(error, key)
        }
    }

    /// Where `address` leads, for the policy of pages.
    public var foreignOrigin: String? { addresses?.origin(client) }
}
