@testable import HTTP

/// A body in the middle of whose pieces something happens.
final class ActingBody: BodySource {
    enum Step {
        case piece(String)
        case act(() async throws -> Void)
    }

    private var steps: ArraySlice<Step>

    init(_ steps: [Step]) {
        self.steps = steps[...]
        super.init(expectedByteCount: nil)
    }

    override func next() async throws -> [UInt8]? {
        while let step = steps.popFirst() {
            switch step {
            case .piece(let text): return Array(text.utf8)
            case .act(let body): try await body()
            }
        }
        return nil
    }
}
