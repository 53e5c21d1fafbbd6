import BaseEncoding
import Cryptography
import HTTP
import Reactor

extension S3Client {
    /// Each part but the last has at least 5 MiB and at most 5 GiB; there are at most 10,000.
    public static let smallestPart = 5 << 20
    public static let mostParts = 10_000

    /// Begins an object that is sent in parts.
    ///
    /// - Parameter sha256: of the whole object, where it is known already; it is checked whenever all of it is read.
    public func createUpload(
        _ key: String, type: String = "application/octet-stream", sha256: [UInt8]? = nil
    ) async throws -> S3Upload {
        let task = "begin an upload of \(key)"
        try check(key, task)
        // No `x-amz-checksum-algorithm`: whoever names one must tell the checksums of all parts again at the end, and not every
        // server tells them to who goes on with an upload of somebody else. Parts have their `Content-MD5` instead.
        var headers = [("content-type", type)] + encryptionHeaders
        if let sha256 { headers.append(("x-amz-meta-sha256", Hex.encode(sha256))) }
        let call = S3Call(task, method: .post, key: key, query: [("uploads", "")], headers: headers)
        return S3Upload(
            key: key, id: try await understood(call, "InitiateMultipartUploadResult") { try $0.uploadID() })
    }

    /// Sends a part, in place of what has this number. Several may be under way at once.
    public func uploadPart(_ upload: S3Upload, _ number: Int, _ body: S3Body) async throws -> S3Part {
        let task = "store part \(number) of \(upload.key)"
        try check(upload.key, task)
        guard (1...Self.mostParts).contains(number) else {
            throw S3Error(.invalidRequest, task, "parts have the numbers 1 to \(Self.mostParts)")
        }
        let checksums = try await checksums(of: body, task, withMD5: true)
        let headers = checksums.md5.map { [("content-md5", Base64.standard.encode($0))] } ?? []
        let call = S3Call(
            task, method: .put, key: upload.key, query: [("partNumber", "\(number)"), ("uploadId", upload.id)],
            headers: headers, body: body, sha256: checksums.sha256)
        return S3Part(number: number, etag: try await etag(of: call), byteCount: body.byteCount)
    }

    /// The parts that the server has, in order. Where it lists several with one number, it is the latest; one of which that
    /// cannot be told is left out, to be sent again.
    public func parts(of upload: S3Upload) async throws -> [S3Part] {
        let task = "look at the upload of \(upload.key)"
        try check(upload.key, task)
        // bound: twice mostParts
        var all: [S3Answer.ListedPart] = []
        var marker: Int? = 0
        while let after = marker {
            let query = [("uploadId", upload.id), ("max-parts", "1000"), ("part-number-marker", "\(after)")]
            let call = S3Call(task, key: upload.key, query: query)
            let page = try await understood(call, "ListPartsResult") { try $0.parts() }
            all += page.items
            marker = page.next
            guard all.count <= 2 * Self.mostParts, marker ?? .max > after else {
                throw S3Error(.invalidAnswer, task, "the server lists parts without an end")
            }
        }
        return S3Answer.latest(all)
    }

    /// Makes the object of these parts, which are given in order.
    ///
    /// - Returns: what `head` says.
    @discardableResult
    public func complete(_ upload: S3Upload, _ parts: [S3Part], ifAbsent: Bool = false) async throws -> S3Object {
        let task = "complete the upload of \(upload.key)"
        try check(upload.key, task)
        let bytes = Array(Self.list(of: parts).utf8)
        var call = S3Call(
            task, method: .post, key: upload.key, query: [("uploadId", upload.id)],
            headers: [("content-type", "application/xml")] + (ifAbsent ? Self.ifAbsent : []), body: .bytes(bytes),
            sha256: SHA256.hash(bytes))
        // Some servers copy all parts first.
        call.patience = .seconds(600)
        let size = parts.reduce(0) { $0 + $1.byteCount }
        var wasUncertain = false
        try await retrying { [call] _ in
            do {
                _ = try await once(call, "CompleteMultipartUploadResult") { try $0.etag() }
            } catch let error as S3Error {
                // The answer to an earlier try was lost, and that one completed it.
                if error.code == .noSuchUpload, wasUncertain, try await head(upload.key)?.byteCount == size { return }
                wasUncertain = wasUncertain || error.isUncertain
                throw error
            }
        }
        guard let object = try await head(upload.key), object.byteCount == size else {
            throw S3Error(.wrongSize, task, "the object does not have the \(size) bytes of its parts")
        }
        return object
    }

    private static func list(of parts: [S3Part]) -> String {
        let elements = parts.map { part in
            "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(XMLText.escape(part.etag))</ETag></Part>"
        }
        let name = "CompleteMultipartUpload"
        return "<\(name) xmlns=\"\(XMLText.namespace)\">\(elements.joined())</\(name)>"
    }

    /// Forgets an upload with its parts. That it is gone is no error.
    public func abort(_ upload: S3Upload) async throws {
        let call = abortion(of: upload)
        try check(upload.key, call.task)
        do { try await send(call) { _ in } } catch let error as S3Error where error.code == .noSuchUpload {}
    }

    private func abortion(of upload: S3Upload) -> S3Call {
        S3Call(
            "give up the upload of \(upload.key)", method: .delete, key: upload.key, query: [("uploadId", upload.id)])
    }

    /// Aborts what came to nothing, also when this task is cancelled: parts that are left take room that nobody sees. One try,
    /// for whoever waits for the error waits for this.
    func clean(_ upload: S3Upload) async {
        await Task { try? await sendOnce(abortion(of: upload)) { _ in } }.value
    }

    // MARK: Files

    /// How many parts of one file are sent at a time.
    private static let partsAtOnce = 3

    func putInParts(
        _ key: String, _ file: OpenFile, _ range: Range<Int>, type: String, sha256: [UInt8]?, ifAbsent: Bool
    ) async throws -> S3Object {
        let upload = try await createUpload(key, type: type, sha256: sha256)
        do {
            let size = max(configuration.partByteCount, (range.count + Self.mostParts - 1) / Self.mostParts)
            let ranges = stride(from: range.lowerBound, to: range.upperBound, by: size).map {
                $0..<min($0 + size, range.upperBound)
            }
            let parts = try await together(ranges.count) { [self] index in
                try await uploadPart(upload, index + 1, .file(file, ranges[index]))
            }
            // Of what is made of parts not every server knows the condition.
            if ifAbsent, try await head(key) != nil {
                throw S3Error(.changed, "store \(key)", "there is an object of this name")
            }
            return try await complete(upload, parts, ifAbsent: ifAbsent)
        } catch {
            await clean(upload)
            throw error
        }
    }

    /// Makes parts, some at a time.
    func together(_ count: Int, _ make: @escaping @Sendable (Int) async throws -> S3Part) async throws -> [S3Part] {
        try await withThrowingTaskGroup(of: S3Part.self) { group in
            // bound: mostParts
            var parts: [S3Part] = []
            for index in 0..<count {
                if index >= Self.partsAtOnce, let part = try await group.next() { parts.append(part) }
                group.addTask { try await make(index) }
            }
            for try await part in group { parts.append(part) }
            return parts.sorted { $0.number < $1.number }
        }
    }
}
