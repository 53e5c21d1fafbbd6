@testable import S3

private let names = [
    "ListBucketResult", "ListMultipartUploadsResult", "ListPartsResult", "DeleteResult", "CopyObjectResult",
    "InitiateMultipartUploadResult", "CompleteMultipartUploadResult",
]

private func render(_ element: XMLElement) -> String {
    "<\(element.name)>\(XMLText.escape(element.text))\(element.children.map(render).joined())</\(element.name)>"
}

/// Answers of a server of S3; what is read is rendered and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAnswer(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let root = try? XMLReader.read(bytes) else { return 0 }
    precondition((try? XMLReader.read(Array(render(root).utf8))) == root, "what is rendered is read as it was")
    if let failure = S3Answer.failure(bytes) {
        let line = failure.code + failure.message + (failure.requestID ?? "")
        precondition(line.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && line.utf8.count <= 400)
    }
    for name in names {
        guard let answer = try? S3Answer(bytes, name) else { continue }
        if let objects = try? answer.objects() { precondition(objects.items.allSatisfy { $0.byteCount >= 0 }) }
        if let parts = try? answer.parts() {
            let latest = S3Answer.latest(parts.items)
            precondition(Set(latest.map(\.number)).count == latest.count)
        }
        _ = try? answer.uploads()
        _ = try? answer.etag()
        _ = try? answer.uploadID()
        _ = answer.undeleted()
    }
    return 0
}
