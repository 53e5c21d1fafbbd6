import HTTP

extension S3Client {
    /// Copies an object inside the bucket, with its type and its checksum; the bytes do not come here.
    @discardableResult
    public func copy(_ key: String, to target: String) async throws -> S3Object {
        let task = "copy \(key) to \(target)"
        try check(key, task)
        try check(target, task)
        guard let source = try await head(key) else { throw S3Error(.noSuchKey, task, "there is no such object") }
        if source.byteCount > configuration.copyByteCount { return try await copyInParts(source, to: target, task) }
        var call = S3Call(task, method: .put, key: target, headers: headers(from: source) + encryptionHeaders)
        call.patience = .seconds(600)
        let etag = try await understood(call, "CopyObjectResult") { try $0.etag() }
        return S3Object(key: target, byteCount: source.byteCount, etag: etag, sha256: source.sha256)
    }

    private func headers(from source: S3Object) -> [(String, String)] {
        [("x-amz-copy-source", location.copySource(source.key))]
            + (source.etag.isEmpty ? [] : [("x-amz-copy-source-if-match", source.etag)])
    }

    private func copyInParts(_ source: S3Object, to target: String, _ task: String) async throws -> S3Object {
        let upload = try await createUpload(target, sha256: source.sha256)
        let size = min(configuration.copyByteCount, max(1 << 30, source.byteCount / Self.mostParts + 1))
        do {
            let parts = try await together((source.byteCount + size - 1) / size) { [self] index in
                let range = index * size..<min((index + 1) * size, source.byteCount)
                let bytes = ("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
                var call = S3Call(
                    task, method: .put, key: target, query: [("partNumber", "\(index + 1)"), ("uploadId", upload.id)],
                    headers: headers(from: source) + [bytes])
                call.patience = .seconds(600)
                return try await understood(call, "CopyPartResult") { answer in
                    S3Part(number: index + 1, etag: try answer.etag(), byteCount: range.count)
                }
            }
            return try await complete(upload, parts)
        } catch {
            await clean(upload)
            throw error
        }
    }
}
