@testable import HTTP

/// What the parser makes of a stream of bytes, cut in pieces.
struct ParsedRequest: Equatable {
    var line = ""
    var headers = ""
    var body: [UInt8] = []
    var keepsAlive = true

    static func all(in pieces: [[UInt8]]) throws(RequestParserError) -> [ParsedRequest] {
        let parser = RequestParser()
        var requests: [ParsedRequest] = []
        var body: [UInt8] = []
        parser.reset()
        for piece in pieces {
            var rest = piece[...]
            while !rest.isEmpty {
                let bytes = Array(rest)
                let result: Result<Int, RequestParserError> = bytes.withUnsafeBytes { bytes in
                    do throws(RequestParserError) {
                        let taken = try parser.parse(bytes)
                        for range in parser.bodyRanges { body += bytes[range] }
                        return .success(taken)
                    } catch { return .failure(error) }
                }
                rest = rest.dropFirst(try result.get())
                if parser.phase == .complete {
                    requests.append(
                        ParsedRequest(
                            line: "\(parser.method) \(parser.target)", headers: parser.headers.description, body: body,
                            keepsAlive: parser.keepsAlive))
                    body = []
                    parser.reset()
                }
            }
        }
        return requests
    }

    static func all(in text: String) throws(RequestParserError) -> [ParsedRequest] { try all(in: [Array(text.utf8)]) }
}
