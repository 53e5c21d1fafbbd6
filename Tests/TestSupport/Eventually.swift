/// What a test waited for did not come.
struct NeverSo: Error, CustomStringConvertible {
    var description: String
}

/// Waits until `condition` holds, for what only the kernel or another process brings about and nothing tells of. What can
/// be awaited is awaited instead. The pause between two looks is the only one in the tests.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let limit = Duration.seconds(120)
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else { throw NeverSo(description: "never so within \(limit): \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
