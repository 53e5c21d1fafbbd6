import FoundationEssentials
import HTTP
import HTTPClient
import SQL
import Storage
import Synchronization

/// One attempt to get what is missing of a file from its source, streamed to the storage and hashed on the way.
struct ReceiveSource: Sendable {
    let database: Database
    let staging: any UploadStaging
    let client: FetchClient
    let settings: VideoSettings
    private let store = VideoStore()
    private let fetches = FetchStore()
    private let uploads = UploadStore()

    init(database: Database, staging: any UploadStaging, client: FetchClient, settings: VideoSettings) {
        self.database = database
        self.staging = staging
        self.client = client
        self.settings = settings
    }

    /// How much is here, for those who tell it.
    final class Count: Sendable {
        private let count = Atomic<Int64>(0)
        var value: Int64 {
            get { count.load(ordering: .relaxed) }
            set { count.store(newValue, ordering: .relaxed) }
        }
    }

    /// The caller holds the session.
    ///
    /// - Returns: how many bytes the file has, which are all here then.
    /// - Throws: `SourceAnswer.Refusal`, `FetchFailure`, `HTTPClientError`, `StorageError`.
    func callAsFunction(_ fetch: Fetch, _ session: UploadSession, counting count: Count) async throws -> Int64 {
        guard let blob = fetch.video.upload.blob, let original = fetch.video.firstVersion.original else {
            throw FetchFailure.server
        }
        let stored = Int64(try await staging.size(of: blob) ?? 0)
        // Without a word that it is still the same file, what is here may be the beginning of another one.
        let offset = fetch.validator == nil ? 0 : stored
        var request = request(for: fetch, from: offset)
        request.maxBodyBytes = Int(clamping: max(0, settings.maximumUploadBytes - offset))
        return try await client.get().withResponse(to: request) { response in
            let answer = try SourceAnswer(status: response.status, headers: response.headers, offset: offset)
            switch answer.content {
            case .complete: return offset
            case .changed:
                try await startAnew(fetch, blob, session, count)
                throw FetchFailure.interrupted
            case .rest:
                return try await append(response.body, to: blob, of: fetch, answer, from: offset, session, count)
            case .whole:
                let beginning = try await beginning(of: response.body, answer)
                try await note(answer, of: fetch, from: response.url)
                try await startAnew(fetch, blob, session, count)
                try await staging.create(
                    blob, becoming: original, expecting: answer.totalByteCount.map { Int(clamping: $0) })
                return try await append(
                    response.body, after: beginning, to: blob, of: fetch, answer, from: 0, session, count)
            }
        }
    }

    private func request(for fetch: Fetch, from offset: Int64) -> ClientRequest {
        var request = ClientRequest(url: fetch.address.url)
        request.headers["Accept"] = "video/*, audio/*, application/octet-stream, */*;q=0.5"
        // Another encoding of it could be neither counted nor gone on with.
        request.headers["Accept-Encoding"] = "identity"
        if let authorization = fetch.address.authorization { request.headers["Authorization"] = authorization }
        if offset > 0, let validator = fetch.validator {
            request.headers["Range"] = "bytes=\(offset)-"
            request.headers["If-Range"] = validator
        }
        request.maxRedirects = 10
        // What counts is that something comes.
        request.timeouts.whole = VideoSettings.longestUpload
        return request
    }

    /// As much as tells a page from a film, or all of it.
    private func beginning(of body: ClientResponseBody, _ answer: SourceAnswer) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < SourceAnswer.sniffed, let piece = try await body.next() { bytes += piece }
        guard !SourceAnswer.isPage(bytes, isCalledPage: answer.isPage) else { throw FetchFailure.page }
        return bytes
    }

    /// Writes down what the source says before the first byte is kept.
    private func note(_ answer: SourceAnswer, of fetch: Fetch, from url: String) async throws {
        let total = answer.totalByteCount
        if let total, total > settings.maximumUploadBytes { throw FetchFailure.tooLarge }
        let name = FileName(answer.fileName ?? SourceAddress.fileName(of: url)).description
        try await database.write { transaction in
            guard var video = try store.find(fetch.video, in: transaction) else { throw CancellationError() }
            try requireRoom(total ?? 0, for: video, in: transaction)
            // Unless its owner has given it another one meanwhile.
            if fetch.namesVideo, video.title == VideoDetails.title(fromFileName: video.fileName) {
                video.title = VideoDetails.title(fromFileName: name)
                try store.update(video, in: transaction)
            }
            try store.setFile(fetch.video, named: name, byteCount: total ?? 0, in: transaction)
            try fetches.setSource(fetch.video, total: total, validator: answer.validator, in: transaction)
        }
    }

    /// - Throws: `VideoError.quotaExceeded`.
    private func requireRoom(_ byteCount: Int64, for video: Video, in access: ReadAccess) throws {
        guard let quota = settings.bytesPerUser else { return }
        let others = try uploads.byteCount(of: video.owner, except: video.id.upload, in: access) - video.byteCount
        guard byteCount <= quota - others else { throw VideoError.quotaExceeded(room: max(0, quota - others)) }
    }

    private func startAnew(
        _ fetch: Fetch, _ blob: BlobKey, _ session: UploadSession, _ count: Count
    ) async throws {
        try await staging.remove(blob)
        session.restart()
        count.value = 0
    }

    private func append(
        _ body: ClientResponseBody, after beginning: [UInt8] = [], to blob: BlobKey, of fetch: Fetch,
        _ answer: SourceAnswer, from offset: Int64, _ session: UploadSession, _ count: Count
    ) async throws -> Int64 {
        let partial = try await staging.open(blob)
        let mark = session.mark()
        var end = offset
        do {
            var piece: [UInt8]? = beginning
            while let bytes = piece {
                guard Int64(bytes.count) <= settings.maximumUploadBytes - end else { throw FetchFailure.tooLarge }
                session.hash(bytes, at: end)
                if !bytes.isEmpty { try await partial.append(bytes) }
                end += Int64(bytes.count)
                count.value = end
                piece = try await body.next()
            }
            try await partial.close()
        } catch {
            // What the disk did not take is hashed again from the file when the fetch is finished.
            if Int64(partial.byteCount) < session.digestedByteCount { session.restore(mark) }
            try? await partial.close()
            throw error
        }
        if let total = answer.totalByteCount, total != end { throw FetchFailure.interrupted }
        if answer.totalByteCount == nil { try await checkRoom(end, for: fetch) }
        return end
    }

    /// Where the source did not say how much comes.
    private func checkRoom(_ byteCount: Int64, for fetch: Fetch) async throws {
        try await database.read { access in
            guard let video = try store.find(fetch.video, in: access) else { throw CancellationError() }
            try requireRoom(byteCount, for: video, in: access)
        }
    }
}
