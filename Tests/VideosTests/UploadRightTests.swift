import Accounts
import FoundationEssentials
import HTTP
import Synchronization
import Testing
import Web

@testable import HTTP
@testable import TestSupport
@testable import Videos

@Suite("The right to upload, while an upload goes on")
struct UploadRightTests {
    static let version: HeaderFields = ["Tus-Resumable": "1.0.0"]

    /// What the next answer says to somebody whom this befell in the middle.
    static func refusal(_ fate: Fate) -> (status: Response.Status, code: String) {
        fate == .demoted ? (.forbidden, "upload_not_allowed") : (.unauthorized, "unauthorized")
    }

    func create(_ house: VideoHouse, _ byteCount: Int) async throws -> String {
        let answer = try await house.client(.creator).send(
            .post, "/api/v1/uploads", headers: ["Tus-Resumable": "1.0.0", "Upload-Length": "\(byteCount)"])
        return try #require(answer.headers[.location])
    }

    func patch(
        _ house: VideoHouse, _ address: String, _ offset: Int, _ body: RequestBody
    ) async throws -> InProcessClient.Answer {
        try await house.client(.creator).send(
            .patch, address,
            headers: [
                "Tus-Resumable": "1.0.0", "Upload-Offset": "\(offset)",
                "Content-Type": "application/offset+octet-stream",
            ], body: body)
    }

    @Test("It ends in the middle of a chunk, and with it the upload", arguments: Fate.allCases)
    func chunk(fate: Fate) async throws {
        let house = try await VideoHouse()
        let address = try await create(house, 12)
        let body = ActingBody([
            .piece("VIDEO "), .act { try await house.befall(.creator, fate) }, .piece("by tus"),
        ])
        let answer = try await patch(house, address, 0, RequestBody(source: body))
        #expect(answer.status == Self.refusal(fate).status && answer.code == Self.refusal(fate).code)
        // What came before stays for whoever may go on, and goes with the upload's time.
        #expect(try house.files().count == 1)
        let again = try await patch(house, address, 6, RequestBody("by tus"))
        #expect(again.status == Self.refusal(fate).status && again.code == Self.refusal(fate).code)
        house.clock.advance(by: 24 * 3600 + 1)
        try await house.videos.upkeep.tidyUp()
        #expect(try house.files().isEmpty)
        #expect(try await house.uploadRows() == 0 && house.encoder.enqueued.isEmpty)
        await house.close()
    }

    @Test("It ends in the middle of a form, and nothing stays", arguments: Fate.allCases)
    func form(fate: Fate) async throws {
        let house = try await VideoHouse()
        let (headers, text) = house.form("VIDEO of a form")
        let body = ActingBody([
            .piece(String(text.dropLast(20))), .act { try await house.befall(.creator, fate) },
            .piece(String(text.suffix(20))),
        ])
        let answer = try await house.client(.creator).send(
            .post, "/api/v1/videos", headers: headers, body: RequestBody(source: body))
        #expect(answer.status == Self.refusal(fate).status && answer.code == Self.refusal(fate).code)
        #expect(try house.files().isEmpty)
        #expect(try await house.uploadRows() == 0 && house.encoder.enqueued.isEmpty)
        await house.close()
    }

    @Test("It ends while the whole file is looked at, and no video is made", arguments: Fate.allCases, [false, true])
    func finish(fate: Fate, isForm: Bool) async throws {
        let house = try await VideoHouse()
        house.encoder.whileInspecting { try await house.befall(.creator, fate) }
        let answer: InProcessClient.Answer
        if isForm {
            answer = try await house.upload("VIDEO whole")
        } else {
            answer = try await patch(house, try await create(house, 11), 0, RequestBody("VIDEO whole"))
        }
        #expect(answer.status == Self.refusal(fate).status && answer.code == Self.refusal(fate).code)
        #expect(house.encoder.enqueued.isEmpty)
        house.encoder.whileInspecting(nil)
        // Without a caller the server asks what its owner may.
        try await house.videos.upkeep.tidyUp()
        let isKept = fate == .signedOut && !isForm
        #expect(house.encoder.enqueued.count == (isKept ? 1 : 0))
        #expect(try house.files().count == (isKept ? 1 : 0))
        await house.close()
    }

    @Test("The last word has the row of the person, inside the transaction that makes the video")
    func lastWord() async throws {
        let house = try await VideoHouse()
        // Changed behind the back of everything that is remembered, as another process would.
        house.encoder.whileInspecting {
            _ = try await house.database.write {
                try $0.execute("UPDATE users SET role = 'user' WHERE role = 'creator'")
            }
        }
        #expect(try await house.upload("VIDEO late").code == "upload_not_allowed")
        #expect(try house.files().isEmpty)
        #expect(try await house.uploadRows() == 0 && house.encoder.enqueued.isEmpty)
        await house.close()
    }

    @Test("Whoever may not upload any more may still end an upload, and not go on with it")
    func cancelling() async throws {
        let house = try await VideoHouse()
        let address = try await create(house, 12)
        try await house.befall(.creator, .demoted)
        #expect(try await patch(house, address, 0, RequestBody("VIDEO ")).code == "upload_not_allowed")
        let told = try await house.client(.creator).send(.head, address, headers: Self.version)
        #expect(told.headers["Upload-Offset"] == "0")
        let ended = try await house.client(.creator).send(.delete, address, headers: Self.version)
        #expect(ended.status == .noContent)
        await house.close()
    }

    @Test("However often it goes on, an upload has an end")
    func absoluteEnd() async throws {
        let house = try await VideoHouse()
        let address = try await create(house, 100)
        var offset = 0
        let longest = VideoSettings.longestUpload.components.seconds
        for _ in 0..<Int(longest / (20 * 3600)) {
            house.clock.advance(by: 20 * 3600)
            #expect(try await patch(house, address, offset, RequestBody("x")).status == .noContent)
            offset += 1
        }
        house.clock.advance(by: 20 * 3600)
        #expect(try await patch(house, address, offset, RequestBody("x")).code == "upload_not_found")
        try await house.videos.recovery.expire()
        #expect(try house.files().isEmpty)
        await house.close()
    }

    // MARK: Slots

    @Test("Without a free slot no password is hashed and no file is made", arguments: [false, true])
    func slotsFirst(isForm: Bool) async throws {
        var settings = VideoSettings()
        settings.uploadsPerUser = 1
        let house = try await VideoHouse(settings: settings)
        _ = try await create(house, 12)
        let before = try house.files()
        // Whoever wants a password hashed from here on fails.
        await house.passwordPool.shutdown()
        let answer: InProcessClient.Answer
        if isForm {
            answer = try await house.upload("VIDEO", [("password", "sesame")])
        } else {
            answer = try await house.client(.creator).send(
                .post, "/api/v1/uploads",
                headers: [
                    "Tus-Resumable": "1.0.0", "Upload-Length": "12",
                    "Upload-Metadata": "password \(Data("sesame".utf8).base64EncodedString())",
                ])
        }
        #expect(answer.status == .tooManyRequests && answer.code == "too_many_uploads")
        #expect(try house.files() == before)
        await house.close()
    }

    @Test("Many at once do not get past the limit")
    func atOnce() async throws {
        var settings = VideoSettings()
        settings.uploadsPerUser = 5
        let house = try await VideoHouse(settings: settings)
        let statuses: [Int: Int] = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<40 {
                group.addTask {
                    try await house.client(.creator).send(
                        .post, "/api/v1/uploads",
                        headers: [
                            "Tus-Resumable": "1.0.0", "Upload-Length": "\(index + 1)",
                            "Upload-Metadata": "password \(Data("sesame".utf8).base64EncodedString())",
                        ]
                    ).status.code
                }
            }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(statuses == [201: 5, 429: 35])
        #expect(try house.files().count == 5)
        await house.close()
    }

    @Test("A form that is being received holds a slot, and gives it back")
    func formHoldsASlot() async throws {
        var settings = VideoSettings()
        settings.uploadsPerUser = 1
        let house = try await VideoHouse(settings: settings)
        let (headers, text) = house.form("VIDEO held")
        let code = Mutex<String?>(nil)
        let body = ActingBody([
            .piece(String(text.dropLast(12))),
            .act {
                let answer = try await house.upload("VIDEO other")
                code.withLock { $0 = answer.code }
            },
            .piece(String(text.suffix(12))),
        ])
        let answer = try await house.client(.creator).send(
            .post, "/api/v1/videos", headers: headers, body: RequestBody(source: body))
        #expect(answer.status == .created && code.withLock { $0 } == "too_many_uploads")
        #expect(try await house.upload("VIDEO after").status == .created)
        await house.close()
    }

    @Test("A slot that a crash left taken is free after the start")
    func crashedReservation() async throws {
        let house = try await VideoHouse()
        try await house.videos.slots.reserve(UploadID(), for: house.creator.id, byteCount: 10)
        #expect(try await house.uploadRows() == 1)
        // The server that had it in hand is gone.
        house.videos.close()
        _ = try await house.videos.recovery.takeInventory()
        #expect(try await house.uploadRows() == 0)
        await house.close()
    }
}
