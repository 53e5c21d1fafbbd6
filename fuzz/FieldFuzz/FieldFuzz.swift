import Reactor
import Telemetry

@testable import HTTP
@testable import Web

/// What clients write into targets and header fields: URLs, queries, cookies, ranges, tags, dates, parameters, JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFields(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let data, count > 1 else { return 0 }
    let bytes = UnsafeBufferPointer(start: data, count: count)
    let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
    switch bytes[0] % 8 {
    case 0:
        for length in [0, 1, 100, Int.max] { checkRanges(text, length: length) }
    case 1:
        let decoded = PercentEncoding.decode(text.utf8)
        if let decoded {
            precondition(PercentEncoding.decode(PercentEncoding.encode(decoded).utf8) == decoded, "an escape is lossy")
        }
    case 2: precondition(Request(target: text).query.pairs.count <= QueryParameters.mostPairs, "too many parameters")
    case 3: precondition(Cookies(parsing: text).pairs.count <= Cookies.mostPairs, "too many cookies")
    case 4:
        if let date = HTTPDate(parsing: text) {
            precondition(HTTPDate(parsing: date.description) == date, "a date is not read as it was written")
        }
        _ = EntityTag("a").isListed(in: text, weakly: true)
        _ = Gzip.isAccepted(by: text)
    case 5:
        _ = FieldParameters(parsing: text).extended("filename")
        _ = try? ProxyHeader.decode(Array(bytes.dropFirst()))
        for name in [FieldName.forwarded, .xForwardedFor, .xForwardedHost] {
            var request = Request(target: "/", headers: HeaderFields([(.xForwardedFor, "10.0.0.1"), (name, text)]))
            TrustedProxies(["127.0.0.1", "10.0.0.0/8"].compactMap(IPNetwork.init)).apply(to: &request)
            precondition(request.remoteAddress.ip != nil, "a client without an address")
        }
    case 6: _ = try? JSON.decode([String: [Int]].self, from: Array(text.utf8))
    default:
        var fields = HeaderFields()
        fields.append("Name", text)
        precondition(fields.description.utf8.filter { $0 == 13 || $0 == 10 }.count == 2, "a value began another line")
        var places = PathPlaces()
        _ = table.match(Request(target: text), places: &places)
    }
    return 0
}

private func checkRanges(_ text: String, length: Int) {
    guard case .some(let ranges) = ByteRange(parsing: text, length: length) else { return }
    precondition(!ranges.isEmpty && ranges.count <= ByteRange.mostRanges, "too many ranges")
    precondition(ranges.allSatisfy { !$0.isEmpty && $0.upperBound <= length }, "a range is behind the end")
}

private let table: RouteTable = {
    var table = RouteTable()
    for path in ["/", "/a/{b}", "/a/{b}/{c}.m4s", "/a/x/{rest...}", "/{x}/y"] {
        guard let pattern = try? PathPattern(path) else { continue }
        let route = Route(method: .get, path: path, access: .public)
        let endpoint = Endpoint(route: route, parameterNames: pattern.names, log: .silent) { _, _ in Response() }
        try? table.insert(pattern, endpoint)
    }
    return table
}()
