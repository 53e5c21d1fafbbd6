import FoundationEssentials
import Identifiers

/// Something that happened, for systems outside of Palco. `api/events.yaml` has the shape of every type.
public struct Fact: Sendable {
    /// The id of the thing that it is about. Facts of one key arrive in the order in which they happened.
    public let key: String
    public let time: Date
    /// All of it, as others read it.
    let json: String

    /// - Parameters:
    ///   - type: the thing and what happened to it: `video.ready`.
    ///   - version: of the shape of `data`.
    ///   - data: what is to be known of it. Of bounded size, and without what others should not keep for years: addresses of
    ///     people, their names, passwords.
    /// - Throws: `EncodingError`, where `data` does.
    public init(
        _ type: String, version: Int = 1, of key: some CustomStringConvertible, at time: Date, _ data: some Encodable
    ) throws {
        self.key = key.description
        self.time = time
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        // A number that is none must not keep back the change that it belongs to.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        let envelope = Envelope(
            id: Identifier<Fact>(), type: type, version: version, key: self.key,
            time: time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)), data: data)
        json = String(decoding: try encoder.encode(envelope), as: UTF8.self)
    }

    private struct Envelope<Content: Encodable>: Encodable {
        var id: Identifier<Fact>
        var type: String
        var version: Int
        var key: String
        var time: String
        var data: Content
    }
}
