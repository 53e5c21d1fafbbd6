import Identifiers

/// A permission to do one thing with one subject for a while, carried in addresses and cookies. Checking one takes no
/// database.
public struct Grant: Sendable, Equatable {
    /// What a grant is for. A grant for one purpose means nothing for another.
    public struct Purpose: RawRepresentable, Sendable, Hashable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }
    }

    public var purpose: Purpose
    /// What it opens.
    public var subjectHigh: UInt64
    public var subjectLow: UInt64
    /// Which edition of the subject it opens; zero for the first, or where there is only one.
    public var editionHigh: UInt64 = 0
    public var editionLow: UInt64 = 0
    /// Who it was given to, as `Identifier.short`.
    public var holder: UInt64
    /// The sign-in that it was made through, as `Identifier.short`.
    public var session: UInt64
    /// The state of the subject and of the holder that it was made for: whoever signs decides what these numbers mean.
    public var subjectMark: UInt32
    public var holderMark: UInt32
    /// Seconds since 1970 at which it ends.
    public var expiresAt: Int64

    public init<Subject, Holder, Session>(
        _ purpose: Purpose, subject: Identifier<Subject>, holder: Identifier<Holder>, session: Identifier<Session>,
        subjectMark: UInt32 = 0, holderMark: UInt32 = 0, expiresAt: Int64
    ) {
        self.purpose = purpose
        (subjectHigh, subjectLow) = (subject.high, subject.low)
        self.holder = holder.short
        self.session = session.short
        self.subjectMark = subjectMark
        self.holderMark = holderMark
        self.expiresAt = expiresAt
    }

    /// The same for one edition of its subject.
    public func limited<Edition>(to edition: Identifier<Edition>) -> Grant {
        var grant = self
        (grant.editionHigh, grant.editionLow) = (edition.high, edition.low)
        return grant
    }

    /// Whether it says which edition of its subject it opens.
    public var hasEdition: Bool { editionHigh != 0 || editionLow != 0 }

    public func isFor<Subject>(_ subject: Identifier<Subject>) -> Bool {
        subjectHigh == subject.high && subjectLow == subject.low
    }
}

extension Identifier {
    /// The half of an id that is random: enough to tell ids from each other where 16 bytes are too long.
    public var short: UInt64 { low }
}

public enum GrantError: Error, Sendable, Equatable {
    /// Not made by this installation, or damaged.
    case invalid
    case expired
    /// Good, and for something else.
    case otherSubject
    case otherPurpose
}
