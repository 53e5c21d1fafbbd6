/// A permission to fetch the parts of one thing for a while, carried in its URLs. Checking one takes no database.
public struct Grant: Sendable, Equatable {
    /// What may be fetched.
    public var subjectHigh: UInt64
    public var subjectLow: UInt64
    /// Who it was given to: a session, or nobody in particular (zero).
    public var holderHigh: UInt64
    public var holderLow: UInt64
    /// Seconds since 1970 at which it ends.
    public var expiresAt: Int64

    public init<Subject, Holder>(subject: Identifier<Subject>, holder: Identifier<Holder>?, expiresAt: Int64) {
        (subjectHigh, subjectLow) = (subject.high, subject.low)
        (holderHigh, holderLow) = (holder?.high ?? 0, holder?.low ?? 0)
        self.expiresAt = expiresAt
    }

    public func isFor<Subject>(_ subject: Identifier<Subject>) -> Bool {
        subjectHigh == subject.high && subjectLow == subject.low
    }

    public func holder<Holder>(as: Holder.Type = Holder.self) -> Identifier<Holder>? {
        holderHigh == 0 && holderLow == 0 ? nil : Identifier(high: holderHigh, low: holderLow)
    }
}

public enum GrantError: Error, Sendable, Equatable {
    /// Not made by this installation, or damaged.
    case invalid
    case expired
    /// Good, and for something else.
    case otherSubject
}
