import Accounts
import FoundationEssentials
import HTTP
import SQL
import Web

@testable import TestSupport
@testable import Videos

extension VideoHouse {
    /// What a search answers.
    struct Found: Decodable {
        struct Item: Decodable {
            struct Highlight: Decodable {
                struct Range: Decodable { var start, length: Int }
                var field, text: String
                var time: Double?
                var ranges: [Range]

                /// The words that are marked.
                var marked: [String] {
                    ranges.map {
                        String(decoding: Array(text.utf16)[$0.start..<($0.start + $0.length)], as: UTF16.self)
                    }
                }
            }
            var id, title: String
            var highlights: [Highlight]
        }
        struct Counts: Decodable, Equatable {
            struct Count: Decodable, Equatable {
                var value: String
                var count: Int
            }
            var total: Int
            var category, status, tag, person, language: [Count]
        }
        var data: [Item]
        var nextCursor: String?
        var counts: Counts?

        var titles: [String] { data.map(\.title) }
    }

    struct Suggestions: Decodable {
        struct Item: Decodable {
            var kind, text: String
        }
        var data: [Item]
    }

    /// - Parameter parameters: names and values, in the clear.
    func search(
        _ text: String, as role: Role = .admin, _ parameters: KeyValuePairs<String, String> = [:]
    ) async throws -> Found {
        let answer = try await client(role).get(Self.address("search", text, parameters))
        return try answer.decode(Found.self)
    }

    func suggestions(_ text: String, as role: Role = .admin) async throws -> [String] {
        let answer = try await client(role).get(Self.address("suggestions", text, [:]))
        return try answer.decode(Suggestions.self).data.map { "\($0.kind) \($0.text)" }
    }

    static func address(_ call: String, _ text: String, _ parameters: KeyValuePairs<String, String>) -> String {
        let pairs = [("q", text)] + parameters.map { ($0.key, $0.value) }
        let query = pairs.map { "\($0)=\(escaped($1))" }.joined(separator: "&")
        return "/api/v1/videos/\(call)?\(query)"
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain =
                byte < 0x80 && (Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber)
            let digits = String(byte, radix: 16, uppercase: true)
            return isPlain ? String(Unicode.Scalar(byte)) : "%" + (digits.count < 2 ? "0" : "") + digits
        }.joined()
    }

    /// Puts a video into the library.
    @discardableResult
    func add(_ title: String, _ change: (inout Video) -> Void = { _ in }) async throws -> Video {
        var video = video(named: title)
        change(&video)
        try await insert(video)
        return video
    }
}
