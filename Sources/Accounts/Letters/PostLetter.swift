import Bus
import FoundationEssentials
import Mail
import SQL

/// Posts letters to people, where mail is set up.
struct PostLetter: Sendable {
    let queue: MailQueue?
    let site: PublicSite
    let now: @Sendable () -> Date

    /// How long a letter that asks for nothing is worth sending, in seconds.
    private static let newsLifetime: TimeInterval = 2 * 86_400

    var isPossible: Bool { queue != nil }

    /// To the owner of an account.
    ///
    /// - Parameter lifetime: of what it tells, in seconds.
    /// - Returns: whether it is on its way.
    @discardableResult
    func callAsFunction(
        _ letter: Letter, to user: User, lifetime: TimeInterval = PostLetter.newsLifetime, in transaction: Transaction
    ) throws -> Bool {
        try post(
            letter, to: user.email, name: user.name, locale: user.locale, lifetime: lifetime, isSent: !user.isDisabled,
            in: transaction)
    }

    /// To whoever has this address: without a name, which somebody else may have chosen.
    ///
    /// - Parameter isSent: false makes the same work and sends nothing, so that the time of an answer tells nobody who has an account.
    @discardableResult
    func callAsFunction(
        _ letter: Letter, to email: EmailAddress, locale: String?, lifetime: TimeInterval, isSent: Bool = true,
        in transaction: Transaction
    ) throws -> Bool {
        try post(letter, to: email, name: nil, locale: locale, lifetime: lifetime, isSent: isSent, in: transaction)
    }

    private func post(
        _ letter: Letter, to email: EmailAddress, name: String?, locale: String?, lifetime: TimeInterval, isSent: Bool,
        in transaction: Transaction
    ) throws -> Bool {
        guard let queue, let address = MailAddress(email.description, name: name ?? "") else { return false }
        let message = MailMessage(letter, to: address, name: name, locale: locale, site: site.name)
        try queue.post(message, until: now() + lifetime, isSent: isSent, in: transaction)
        return isSent
    }
}

/// How many letters of a kind an address gets that anybody can have sent to it. It counts what was asked for, whether somebody has an
/// account with the address or not.
struct LetterAllowance: Sendable {
    let buckets: SharedBuckets<String>

    func takes(_ address: EmailAddress) async -> Bool {
        do {
            try await buckets.take(address.description)
            return true
        } catch {
            return false
        }
    }
}
