import Media
import Reactor
import Storage

/// Why confined work ended without its answer.
enum ConfinedFailure: Error, Codable, Sendable, Equatable {
    case refused(ContentRefusal, detail: String)
    case unplannable(ContentRefusal, detail: String)
    case unverified(String)
    case contradicted(String)
    case noSpace
    case failed(String)
    /// The process was ended by what it read: it trapped or took too long.
    case trapped(String)
    /// The process was ended from outside, or did not keep to the protocol.
    case died(String)

    init(_ error: any Error) {
        switch error {
        case let error as InspectionError: self = .refused(error.code, detail: error.detail)
        case let error as Unplannable: self = .unplannable(error.code, detail: error.detail)
        case let error as VerificationFailure: self = .unverified(error.description)
        case let error as PlanFailure: self = .contradicted(error.description)
        case StorageError.noSpace: self = .noSpace
        default: self = .failed("\(error)")
        }
    }

    /// What the server throws in its place.
    var original: any Error {
        switch self {
        case .refused(let code, let detail): InspectionError(code, detail: detail)
        case .unplannable(let code, let detail): Unplannable(code, detail: detail)
        case .unverified(let words): VerificationFailure(description: words)
        case .contradicted(let words): PlanFailure(description: words)
        case .noSpace: StorageError.noSpace
        case .failed, .trapped, .died: self
        }
    }
}

extension ConfinedFailure: CustomStringConvertible {
    var description: String {
        switch self {
        case .refused(let code, let detail), .unplannable(let code, let detail): "\(code.rawValue): \(detail)"
        case .unverified(let words), .contradicted(let words), .failed(let words): words
        case .noSpace: "not enough free space"
        case .trapped(let words), .died(let words): "the process that read the media ended without an answer: \(words)"
        }
    }
}
