import HTTP

extension S3Client {
    /// Objects whose keys begin with `prefix`, page by page. Pages are in the server's order, which need not be that of the
    /// alphabet. What is stored or deleted meanwhile may be on a page or not.
    ///
    /// - Parameter cursor: the `next` of the page before.
    public func list(
        below prefix: String = "", from cursor: S3Cursor? = nil, most: Int = 1000
    ) async throws
        -> S3Page<S3Object>
    {
        let query = [("list-type", "2"), ("max-keys", "\(most)"), ("prefix", location.prefix + prefix)]
        let call = S3Call("list \(prefix)", query: query + (cursor.map(\.pairs) ?? []))
        let page = try await understood(call, "ListBucketResult") { try $0.objects() }
        return S3Page(
            items: page.items.compactMap { object in
                relative(object.key).map {
                    S3Object(
                        key: $0, byteCount: object.byteCount, etag: object.etag, modified: object.modified)
                }
            }, next: page.next)
    }

    /// What is directly below `folder`, which ends with `/`: objects, and folders of objects without their `/`.
    public func names(below folder: String, from cursor: S3Cursor? = nil) async throws -> S3Page<String> {
        let query = [("list-type", "2"), ("delimiter", "/"), ("prefix", location.prefix + folder)]
        let call = S3Call("list \(folder)", query: query + (cursor.map(\.pairs) ?? []))
        let page = try await understood(call, "ListBucketResult") { try $0.names() }
        return S3Page(
            items: page.items.compactMap { relative($0.hasSuffix("/") ? String($0.dropLast()) : $0) }, next: page.next)
    }

    /// Multipart uploads under way whose keys begin with `prefix`, page by page.
    public func uploads(below prefix: String = "", from cursor: S3Cursor? = nil) async throws -> S3Page<S3BegunUpload> {
        let query = [("uploads", ""), ("prefix", location.prefix + prefix)]
        let call = S3Call("list the uploads below \(prefix)", query: query + (cursor.map(\.pairs) ?? []))
        let page = try await understood(call, "ListMultipartUploadsResult") { try $0.uploads() }
        return S3Page(
            items: page.items.compactMap { item in
                relative(item.upload.key).map {
                    S3BegunUpload(upload: S3Upload(key: $0, id: item.upload.id), begun: item.begun)
                }
            },
            next: page.next)
    }

    /// Nil for what is not below the location's prefix, or is named as this client names nothing.
    private func relative(_ key: String) -> String? {
        guard key.hasPrefix(location.prefix) else { return nil }
        let rest = String(key.dropFirst(location.prefix.count))
        return S3Key.isValid(rest) ? rest : nil
    }
}

extension S3Cursor {
    fileprivate var pairs: [(String, String)] { query.map { ($0, $1) } }
}
