import SQL

/// What a person may do in the whole house, from the least to the most.
public enum Role: String, Sendable, Codable, CaseIterable, Comparable, SQLConvertible {
    /// Sees what is free.
    case user
    /// Sees what is premium too.
    case premium
    /// Uploads and streams, and manages what is their own.
    case creator
    /// Everything.
    case admin

    private var rank: Int {
        switch self {
        case .user: 0
        case .premium: 1
        case .creator: 2
        case .admin: 3
        }
    }

    public static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
}
