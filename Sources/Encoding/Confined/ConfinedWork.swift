/// Work on bytes that strangers made, or that a decoder made of them.
///
/// It is done by a process of its own that confines itself before it reads the first byte, so that even a trap there is an
/// answer and not the end of the server. The request comes as JSON on standard input; every answer is one line of JSON on
/// standard output.
protocol ConfinedWork: Codable, Sendable {
    associatedtype Answer: Codable, Sendable

    /// Does the work and tells each answer as soon as it is known. Blocks.
    ///
    /// - Throws: `InspectionError`, `Unplannable`, `VerificationFailure` and `StorageError.noSpace`, which arrive in the server
    ///   as what they are; anything else arrives as `ConfinedFailure.failed`.
    func perform(_ answer: (Answer) throws -> Void) throws
}

/// One line of standard output.
enum ConfinedLine<Answer: Codable & Sendable>: Codable, Sendable {
    case answer(Answer)
    case failure(ConfinedFailure)
}
