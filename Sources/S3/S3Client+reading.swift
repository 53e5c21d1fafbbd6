import BaseEncoding
import Cryptography
import HTTP
import HTTPClient
import Reactor

extension S3Client {
    /// What is known about an object; nil when there is none.
    public func head(_ key: String) async throws -> S3Object? {
        let task = "look at \(key)"
        try check(key, task)
        let call = S3Call(task, method: .head, key: key, headers: [("x-amz-checksum-mode", "ENABLED")])
        do {
            return try await send(call) { response in
                guard let count = response.headers[.contentLength].flatMap({ Int($0) }), count >= 0 else {
                    throw S3Error(.invalidAnswer, task, "the server does not say how large it is")
                }
                return S3Object(key, count, response.headers)
            }
        } catch let error as S3Error where error.code == .noSuchKey {
            return nil
        }
    }

    /// Gives the bytes of an object, or of a range of it, to `take`, piece by piece, each once and in order. What was cut
    /// goes on where it ended, as long as the object is still the same. The server waits while `take` does.
    ///
    /// - Parameter known: what `head` said: the object must still be that one, or `changed` is thrown.
    /// - Throws: `wrongSize` for a range that goes beyond the end; `damaged` after the last piece when the whole object does
    ///   not have its checksum; what `take` throws.
    @discardableResult
    public func read(
        _ key: String, _ range: Range<Int>? = nil, of known: S3Object? = nil,
        _ take: (_ piece: [UInt8]) async throws -> Void
    ) async throws -> S3Object {
        let task = "read \(key)"
        try check(key, task)
        if let range, range.lowerBound < 0 {
            throw S3Error(.invalidRequest, task, "the range begins before the object")
        }
        if let range, range.isEmpty {
            guard let object = try await head(key) else { throw S3Error(.noSuchKey, task, "there is no such object") }
            return object
        }
        var download = Download(key: key, task: task, range: range, known: known)
        return try await retrying { schedule in
            try await sendOnce(download.call) { response in
                try download.begin(response)
                while let piece = try await response.body.next() {
                    try download.accept(piece)
                    try await take(piece)
                    if download.hasAdvanced { schedule.advanced() }
                }
            }
            return try download.finish()
        }
    }

    /// The bytes of an object, or of a range of it.
    ///
    /// - Throws: `tooLarge` for more than `most` bytes.
    public func get(_ key: String, _ range: Range<Int>? = nil, most: Int = 16 << 20) async throws -> [UInt8] {
        var all: [UInt8] = []
        try await read(key, range) { piece in
            guard piece.count <= most - all.count else {
                throw S3Error(.tooLarge, "read \(key)", "it has more than \(most) bytes")
            }
            all += piece
        }
        return all
    }

    /// Writes an object, or a range of it, into the file `path` from the byte `offset` on. The file is made if there is
    /// none; what else is in it stays. It is not synced.
    ///
    /// - Throws: beside the reasons of `read`, `file`.
    @discardableResult
    public func download(
        _ key: String, _ range: Range<Int>? = nil, of known: S3Object? = nil, to path: String, at offset: Int = 0
    ) async throws -> S3Object {
        let file = try await writing(key, path) { try FileWriter(path) }
        var position = offset
        // bound: writeStep and a piece
        var waiting: [UInt8] = []
        let object = try await read(key, range, of: known) { piece in
            waiting += piece
            guard waiting.count >= Self.writeStep else { return }
            try await writing(key, path) { [waiting, position] in try file.write(waiting, at: position) }
            position += waiting.count
            waiting.removeAll(keepingCapacity: true)
        }
        try await writing(key, path) { [waiting, position] in try file.write(waiting, at: position) }
        return object
    }

    /// So much is written at once: each time takes a turn of a thread of the pool.
    private static let writeStep = 1 << 20

    private func writing<T: Sendable>(
        _ key: String, _ path: String, _ work: @escaping @Sendable () throws -> T
    ) async throws -> T {
        do { return try await pool.run(work) } catch {
            throw S3Error(.file, "read \(key)", "\(path) cannot be written: \(error)")
        }
    }
}

/// How far the reading of an object is.
private struct Download {
    let key: String
    let task: String
    let range: Range<Int>?
    private var object: S3Object?
    private var position: Int
    /// Where the latest answer began.
    private var start = 0
    private var end: Int?
    /// Of what was read, where that began with the first byte.
    private let digest: SHA256?

    init(key: String, task: String, range: Range<Int>?, known: S3Object?) {
        self.key = key
        self.task = task
        self.range = range
        object = known
        position = range?.lowerBound ?? 0
        end = range?.upperBound
        digest = position == 0 ? SHA256() : nil
    }

    /// Whether this try brought so much that earlier ones are forgotten. A few bytes each would go on for ever.
    var hasAdvanced: Bool { position - start >= 1 << 20 }

    private var asksForRange: Bool { range != nil || position > 0 }

    var call: S3Call {
        var call = S3Call(task, key: key, headers: [("x-amz-checksum-mode", "ENABLED")])
        if asksForRange { call.headers.append(("range", "bytes=\(position)-" + (end.map { "\($0 - 1)" } ?? ""))) }
        if let object, !object.etag.isEmpty { call.headers.append(("if-match", object.etag)) }
        call.answerByteCount = end.map { $0 - position } ?? .max
        return call
    }

    mutating func begin(_ response: ClientResponse) throws(S3Error) {
        let answered = try self.answered(response)
        if let end, answered.range.upperBound < end, answered.range.upperBound == answered.total {
            throw S3Error(.wrongSize, task, "it has \(answered.total) bytes, and \(end) were expected")
        }
        guard answered.range.lowerBound == position, end == nil || end == answered.range.upperBound else {
            throw S3Error(
                .invalidAnswer, task, "the server answered with another range than the one that was asked for")
        }
        let found = S3Object(key, answered.total, response.headers)
        if let object, object.etag != found.etag || object.byteCount != found.byteCount {
            throw S3Error(.changed, task, "the object is another one than before")
        }
        object = S3Object(key, answered.total, response.headers, sha256: object?.sha256)
        start = position
        end = answered.range.upperBound
    }

    private func answered(_ response: ClientResponse) throws(S3Error) -> (range: Range<Int>, total: Int) {
        if response.status == .partialContent, asksForRange, let found = response.headers[.contentRange],
            let match = try? #/bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})/#.wholeMatch(in: found),
            let first = Int(match.1), let last = Int(match.2), let total = Int(match.3), first <= last, last < total
        {
            return (first..<last + 1, total)
        }
        guard response.status == .ok, !asksForRange, let count = response.headers[.contentLength].flatMap({ Int($0) }),
            count >= 0
        else { throw S3Error(.invalidAnswer, task, "the server does not say what it sends") }
        return (0..<count, count)
    }

    mutating func accept(_ piece: [UInt8]) throws(S3Error) {
        guard let end, piece.count <= end - position else {
            throw S3Error(.invalidAnswer, task, "the server sent more than it said")
        }
        position += piece.count
        digest?.update(piece)
    }

    func finish() throws(S3Error) -> S3Object {
        guard let object, position == end else {
            var error = S3Error(.wrongSize, task, "the server sent less than it said")
            error.isTransient = true
            throw error
        }
        if let digest, position == object.byteCount, let stored = object.sha256, digest.value() != stored {
            throw S3Error(.damaged, task, "its bytes are not those that were stored, by their SHA-256")
        }
        return object
    }
}

extension S3Object {
    fileprivate init(_ key: String, _ byteCount: Int, _ headers: HeaderFields, sha256: [UInt8]? = nil) {
        let ours = headers["x-amz-meta-sha256"].flatMap { Hex.decode($0) }.flatMap { $0.count == 32 ? $0 : nil }
        self.init(
            key: key, byteCount: byteCount, etag: headers[.etag] ?? "",
            sha256: sha256 ?? ours ?? headers["x-amz-checksum-sha256"].flatMap(S3Checksum.read))
    }
}
