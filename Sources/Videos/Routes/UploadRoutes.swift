import FoundationEssentials
import HTTP
import Storage
import Web

/// tus 1.0.0 at `/api/v1/uploads`.
struct UploadRoutes: Sendable {
    let find: FindUpload
    let create: CreateUpload
    let hold: HoldUpload
    let settle: SettleUpload
    let receive: ReceiveChunk
    let finish: FinishUpload
    let remove: RemoveUpload
    let sessions: UploadSessions
    let callers: VideoCallers
    let settings: VideoSettings

    func add(to router: RouterBuilder) {
        router.openToOtherOrigins(sent: TusProtocol.requestFields, read: TusProtocol.responseFields)
        router.options("/api/v1/uploads", access: .public) { _, _ in tusOptions() }
        router.options("/api/v1/uploads/{id}", access: .public) { _, _ in tusOptions() }
        let limit = Int(clamping: settings.maximumUploadBytes)
        let uploads = router.group(
            "/api/v1/uploads", access: .signedIn(opening: .upload), context: ViewerContext.self
        )
        .with { request, context, next in try await Self.speakTus(request, context, next) }
        uploads.post("", limit: .uploading, bodyLimit: limit) { request, context in
            try await createUpload(request, context)
        }
        uploads.head("/{id}") { request, context in
            try await tell(request, context)
        }
        uploads.get("/{id}") { request, context in
            try await describe(request, context)
        }
        uploads.patch("/{id}", bodyLimit: limit) { request, context in
            try await append(request, context)
        }
        uploads.delete("/{id}") { request, context in
            try await terminate(request, context)
        }
        // Proxies that let only GET and POST pass.
        uploads.post("/{id}", bodyLimit: limit) { request, context in
            switch request.headers["X-HTTP-Method-Override"]?.uppercased() {
            case "PATCH": return try await append(request, context)
            case "DELETE": return try await terminate(request, context)
            case "HEAD": return try await tell(request, context)
            default: throw Problem(.methodNotAllowed, code: "method_not_allowed")
            }
        }
    }

    /// Every answer names the version, refusals included.
    private static func speakTus(
        _ request: Request, _ context: ViewerContext, _ next: Next<ViewerContext>
    ) async throws -> Response {
        do {
            var response = try await next(request, context)
            response.headers["Tus-Resumable"] = TusProtocol.version
            return response
        } catch let error as any ProblemConvertible {
            var problem = error.problem
            // What nobody expected keeps its cause for the log.
            guard problem.status != .internalServerError else { throw error }
            problem.headers.append("Tus-Resumable", TusProtocol.version)
            throw problem
        } catch StorageError.noSpace {
            var problem = Problem.noSpace
            problem.headers.append("Tus-Resumable", TusProtocol.version)
            throw problem
        }
    }

    private static func httpDate(_ date: Date) -> String {
        HTTPDate(secondsSince1970: Int(date.timeIntervalSince1970)).description
    }

    private func tusOptions() -> Response {
        Response(
            status: .noContent,
            headers: [
                "Tus-Resumable": TusProtocol.version, "Tus-Version": TusProtocol.version,
                "Tus-Extension": TusProtocol.extensions, "Tus-Max-Size": String(settings.maximumUploadBytes),
                "Tus-Checksum-Algorithm": UploadChecksum.offered,
            ])
    }

    private func createUpload(_ request: Request, _ context: ViewerContext) async throws -> Response {
        let creation = try TusProtocol.creation(
            { request.headers[FieldName($0)] }, maximum: settings.maximumUploadBytes)
        let upload = try await create(creation, by: context.viewer)
        var response = Response(
            status: .created,
            headers: [
                .location: "/api/v1/uploads/\(upload.id)", "Upload-Expires": Self.httpDate(upload.expiresAt),
                "Upload-Offset": "0",
            ])
        guard creation.carriesChunk else { return response }
        let first = TusProtocol.Append(offset: 0, checksum: creation.checksum)
        try await receiveChunk(request.body, first, upload.id, context, into: &response)
        return response
    }

    private func tell(_ request: Request, _ context: ViewerContext) async throws -> Response {
        try TusProtocol.requireVersion { request.headers[FieldName($0)] }
        let id = try context.uploadID
        _ = try await find(id, of: context.viewer)
        return try await hold(id) { _ in
            let upload = try await find(id, of: context.viewer)
            if upload.state == .refused { throw upload.refusedContent }
            var response = Response(headers: [
                .cacheControl: "no-store", "Upload-Offset": String(try await settle(upload)),
                "Upload-Length": String(upload.byteCount), "Upload-Expires": Self.httpDate(upload.expiresAt),
            ])
            if !upload.metadata.isEmpty { response.headers.append("Upload-Metadata", upload.metadata) }
            if let video = upload.video { response.headers.append("Palco-Video-Id", video.description) }
            return response
        }
    }

    /// What the answer to the last chunk waits for; asked while that is still under way, so nothing is held.
    private func describe(_ request: Request, _ context: ViewerContext) async throws -> Response {
        let upload = try await find(try context.uploadID, of: context.viewer)
        var response = try Response.json(
            UploadBody(
                id: upload.id, byteCount: upload.byteCount,
                state: sessions.phase(of: upload.id)?.rawValue ?? upload.state.rawValue, video: upload.video))
        response.headers[.cacheControl] = "no-store"
        return response
    }

    private func append(_ request: Request, _ context: ViewerContext) async throws -> Response {
        let append = try TusProtocol.append { request.headers[FieldName($0)] }
        var response = Response(status: .noContent)
        try await receiveChunk(request.body, append, try context.uploadID, context, into: &response)
        return response
    }

    /// Takes a chunk in, and finishes the upload when it was the last.
    private func receiveChunk(
        _ body: RequestBody, _ chunk: TusProtocol.Append, _ id: UploadID, _ context: ViewerContext,
        into response: inout Response
    ) async throws {
        _ = try await find(id, of: context.viewer)
        try settings.requireSandbox()
        try await callers.requireUploadRight(context.caller)
        let (offset, video, end) = try await hold(id, receiving: body) { session in
            // Looked up again: a request that was waited for may have changed it.
            let upload = try await find(id, of: context.viewer)
            do {
                let offset = try await receive(body, chunk, to: upload, session, by: context.caller)
                guard offset == upload.byteCount else { return (offset, nil as VideoID?, receive.expiry(of: upload)) }
                let video = try await finish.unlessStopped(upload, session, by: context.caller).video.id
                return (offset, video, receive.expiry(of: upload))
            } catch StorageError.noSpace {
                // It could not go on, and what it holds is in the way of others.
                try await remove(upload)
                throw Problem.noSpace
            }
        }
        response.headers["Upload-Offset"] = String(offset)
        response.headers["Upload-Expires"] = Self.httpDate(end)
        if let video { response.headers["Palco-Video-Id"] = video.description }
    }

    private func terminate(_ request: Request, _ context: ViewerContext) async throws -> Response {
        try TusProtocol.requireVersion { request.headers[FieldName($0)] }
        let id = try context.uploadID
        _ = try await find(id, of: context.viewer)
        try await hold(id) { _ in
            try await remove(try await find(id, of: context.viewer))
        }
        return .noContent
    }
}

/// Where an upload stands.
struct UploadBody: Encodable, Sendable {
    var id: UploadID
    var byteCount: Int64
    /// `receiving`, `waiting` for its turn to be looked at, `checking`, `finished` or `refused`.
    var state: String
    var video: VideoID?

    enum CodingKeys: String, CodingKey {
        case id, state
        case byteCount = "length"
        case video = "video_id"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: CodingKeys.self)
        try body.encode(id, forKey: .id)
        try body.encode(byteCount, forKey: .byteCount)
        try body.encode(state, forKey: .state)
        try body.encode(video, forKey: .video)
    }
}

extension RequestContext {
    fileprivate var uploadID: UploadID {
        get throws {
            guard let id = parameters["id"].flatMap({ UploadID($0) }) else { throw TusError.notFound }
            return id
        }
    }
}

extension Problem {
    /// The disk is full.
    static var noSpace: Problem {
        Problem(
            .insufficientStorage, code: "insufficient_storage", title: "Not enough space",
            detail: "The server has no space for this file. Nothing of it was kept; tell the administrator.")
    }
}
