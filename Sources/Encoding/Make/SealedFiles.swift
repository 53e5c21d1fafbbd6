import Storage

/// The files in which confined work leaves what it made for the server to take over: in the task's folder, one for each
/// segment and one for each init segment.
struct SealedFiles: Sendable {
    let folder: String

    func initSegment(_ rendition: String) -> String { "\(folder)/\(rendition)-init.mp4" }
    func segment(_ rendition: String, _ number: Int) -> String { "\(folder)/\(rendition)-\(number).m4s" }

    /// Blocks.
    func write(_ made: MadeSegment, _ bytes: [UInt8]) throws {
        try WorkFile.write(bytes, to: segment(made.rendition, made.number))
    }

    /// Blocks.
    func writeInitSegment(_ rendition: String, _ bytes: [UInt8]) throws {
        try WorkFile.write(bytes, to: initSegment(rendition))
    }
}
