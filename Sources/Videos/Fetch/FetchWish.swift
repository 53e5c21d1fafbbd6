import Accounts
import Media

/// The body of `POST /videos` with an address: what a form says of a video, as JSON.
struct FetchWish: Decodable, Sendable {
    let address: String
    let details: VideoChange

    private enum CodingKeys: String, CodingKey {
        // The decoder has turned `input_url` around.
        case address = "inputUrl"
    }

    init(from decoder: any Decoder) throws {
        address = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .address)
        details = try VideoChange(from: decoder)
    }

    /// - Throws: `VideoDetails.Invalid`.
    func checked() throws -> (source: SourceAddress, details: VideoDetails, hasTitle: Bool) {
        guard let source = SourceAddress(address) else {
            throw VideoDetails.Invalid(refusals: [
                .init(
                    field: "input_url", code: "invalid_url",
                    detail: "The address of a file, such as https://example.org/film.mp4.")
            ])
        }
        let wish = try details.checked()
        var details = VideoDetails()
        details.title = wish.title ?? VideoDetails.title(fromFileName: SourceAddress.fileName(of: source.url))
        details.description = wish.description ?? ""
        if case .set(let name) = wish.category { details.category = name }
        details.tags = wish.tags ?? []
        details.people = wish.people ?? []
        if case .set(let tag) = wish.language { details.language = LanguageTag(tag) }
        if case .set(let day) = wish.recordedOn { details.recordedOn = CalendarDay(day) }
        details.isPremium = wish.isPremium ?? false
        details.isHidden = wish.isHidden ?? false
        details.groups = (wish.groups ?? []).compactMap { GroupID($0) }
        if case .set(let password) = wish.password { details.password = password }
        return (source, details, wish.title != nil)
    }
}
