import Reactor

/// Looks at a stored upload in the sandbox, when its turn has come: beside the tasks, but not more at once than the machine can bear.
public struct InspectUpload: Sendable {
    private let tools: EncodingTools
    private let places: Places

    public init(_ tools: EncodingTools) {
        self.tools = tools
        places = Places(tools.settings.workerCount > 0 ? tools.settings.workerCount : EventLoopGroup.coreCount)
    }

    /// - Parameter onTurn: called when it begins.
    /// - Throws: `InspectionError` for what cannot become a video.
    public func callAsFunction(path: String, onTurn: @Sendable () -> Void = {}) async throws -> MediaFacts {
        guard let place = await places.take(on: EventLoop.current ?? tools.loops.next()) else {
            throw CancellationError()
        }
        defer { place.giveBack() }
        onTurn()
        return try await InspectMedia(reader: tools.reader, limits: tools.settings.limits)(path)
    }
}
