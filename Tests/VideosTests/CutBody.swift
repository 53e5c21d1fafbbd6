@testable import HTTP

/// A body whose connection breaks after these pieces.
final class CutBody: BodySource {
    private var pieces: ArraySlice<[UInt8]>

    init(_ pieces: [[UInt8]]) {
        self.pieces = pieces[...]
        super.init(expectedByteCount: nil)
    }

    override func next() async throws -> [UInt8]? {
        guard let piece = pieces.popFirst() else { throw RequestBodyError.disconnected }
        return piece
    }
}
