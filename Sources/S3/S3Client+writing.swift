import BaseEncoding
import Cryptography
import HTTP
import Reactor

extension S3Client {
    /// Stores an object in place of what has this name. A reader sees the old one or the new one, and nothing between.
    /// A file that is larger than 16 MiB goes in parts.
    ///
    /// - Parameter sha256: of the bytes, where it is known: then a file is read once less, and an object of parts has a
    ///   checksum of its whole, which it otherwise has not.
    /// - Parameter ifAbsent: only where there is no object of this name, or `changed` is thrown; the server must know
    ///   `If-None-Match` of what is stored.
    /// - Returns: what `head` would say.
    @discardableResult
    public func put(
        _ key: String, _ body: S3Body, type: String = "application/octet-stream", sha256: [UInt8]? = nil,
        ifAbsent: Bool = false
    ) async throws -> S3Object {
        let task = "store \(key)"
        try check(key, task)
        if case .file(let file, let range) = body, range.count > configuration.partByteCount {
            return try await putInParts(
                key, file, range, type: type, sha256: sha256, ifAbsent: ifAbsent)
        }
        let hash = if let sha256 { sha256 } else { try await checksums(of: body, task, withMD5: false).sha256 }
        let headers = [
            ("content-type", type), ("x-amz-meta-sha256", Hex.encode(hash)),
            ("x-amz-checksum-sha256", Base64.standard.encode(hash)),
        ]
        let call = S3Call(
            task, method: .put, key: key,
            headers: headers + encryptionHeaders + (ifAbsent ? Self.ifAbsent : []), body: body, sha256: hash)
        let etag = try await etag(of: call)
        return S3Object(key: key, byteCount: body.byteCount, etag: etag, sha256: hash)
    }

    /// Removes an object. That there is none is no error.
    public func delete(_ key: String) async throws {
        let task = "delete \(key)"
        try check(key, task)
        do {
            try await send(S3Call(task, method: .delete, key: key)) { _ in }
        } catch let error as S3Error where error.code == .noSuchKey {}
    }

    /// Removes objects, a thousand with each request. That one is not there is no error.
    ///
    /// - Throws: the first error, when all were tried.
    public func delete(_ keys: [String]) async throws {
        for key in keys { try check(key, "delete \(key)") }
        var first: S3Error?
        var rest = keys[...]
        while !rest.isEmpty {
            let some = rest.prefix(1000)
            rest = rest.dropFirst(some.count)
            let failed = try await deleteTogether(some)
            first = first ?? failed
        }
        if let first { throw first }
    }

    private func deleteTogether(_ keys: ArraySlice<String>) async throws -> S3Error? {
        let objects = keys.map { "<Object><Key>\(XMLText.escape(location.prefix + $0))</Key></Object>" }.joined()
        let text = "<Delete xmlns=\"\(XMLText.namespace)\"><Quiet>true</Quiet>\(objects)</Delete>"
        let bytes = Array(text.utf8)
        let hash = SHA256.hash(bytes)
        let headers = [("content-type", "application/xml"), ("x-amz-checksum-sha256", Base64.standard.encode(hash))]
        let call = S3Call(
            "delete \(keys.count) objects", method: .post, query: [("delete", "")], headers: headers,
            body: .bytes(bytes), sha256: hash)
        let failures = try await understood(call, "DeleteResult") { $0.undeleted() }
        return failures.first { $0.failure.code != "NoSuchKey" }.map { key, failure in
            S3Error(200, failure, HeaderFields(), "delete \(key.dropFirst(location.prefix.count))")
        }
    }

    static let ifAbsent = [("if-none-match", "*")]

    var encryptionHeaders: [(String, String)] { configuration.encryption?.headers ?? [] }

    /// Sends bytes and takes the tag that they have then.
    func etag(of call: S3Call) async throws -> String {
        try await send(call) { response in
            guard let etag = response.headers[.etag], !etag.isEmpty else {
                throw S3Error(.invalidAnswer, call.task, "the server does not say what it stored")
            }
            return etag
        }
    }

}

/// XML that is sent.
enum XMLText {
    static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            case _ where scalar.value < 0x20: result += "&#\(scalar.value);"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
