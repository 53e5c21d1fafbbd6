import Storage

/// Tells where an upload stands, and cuts off what a checked chunk left when it was broken off. The caller holds the upload.
struct SettleUpload: Sendable {
    let staging: any UploadStaging

    func callAsFunction(_ upload: Upload) async throws -> Int64 {
        guard upload.state == .receiving else { return upload.byteCount }
        guard let blob = upload.id.blob, let stored = try await staging.size(of: blob) else {
            // Every byte is here and the file has its new name already: a crash came between that and the row.
            return upload.byteCount
        }
        guard let checked = upload.checkedOffset, Int64(stored) > checked else { return Int64(stored) }
        let partial = try await staging.open(blob)
        try await partial.truncate(to: Int(clamping: checked))
        try await partial.close()
        return checked
    }
}
