import HTTP

extension S3Client {
    /// An address under which anybody can read the object for a while, without credentials and past this server. Nothing is
    /// asked of the server: whether there is such an object shows when somebody goes there. Ranges may be asked for.
    ///
    /// - Parameters:
    ///   - lifetime: a second to a week; it ends earlier where credentials for a session end.
    ///   - disposition: `Content-Disposition` of the answer, such as `attachment; filename="film.mp4"`.
    ///   - type: `Content-Type` of the answer.
    public func presign(
        _ key: String, for lifetime: Duration, disposition: String? = nil, type: String? = nil
    ) throws(S3Error) -> String {
        try check(key, "sign an address of \(key)")
        var query: [(name: String, value: String)] = []
        if let disposition { query.append(("response-content-disposition", disposition)) }
        if let type { query.append(("response-content-type", type)) }
        let request = SignatureV4.Request(
            method: "GET", path: location.path(of: key), query: query, headers: [("host", location.host)],
            payloadHash: SignatureV4.unsigned)
        let seconds = Int(min(max(lifetime.components.seconds, 1), 604_800))
        return location.address(
            request.path, query: signature(credentials).presignedQuery(for: request, seconds: seconds))
    }
}
