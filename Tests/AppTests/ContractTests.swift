import FoundationEssentials
import HTTP
import Testing
import Web

@testable import Accounts
@testable import App
@testable import TestSupport

@Suite("The contract")
struct ContractTests {
    struct Document: Decodable {
        struct Operation: Decodable {
            var operationId: String
            var responses: [String: [String: Anything]]
            var security: [[String: [String]]]?
        }
        struct Anything: Decodable {
            init(from decoder: any Decoder) {}
        }
        var openapi: String
        var paths: [String: [String: Operation]]
    }

    @Test("It is served as JSON and names every route of the API, and no other")
    func routes() async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        let answer = try await InProcessClient(house.application).get("/api/v1/openapi.json")
        #expect(answer.status == .ok && answer.headers[.contentType] == "application/json")
        let document = try JSONDecoder().decode(Document.self, from: Data(answer.body))
        let described = Set(
            document.paths.flatMap { path, operations in
                operations.keys.map { "\($0.uppercased()) /api/v1\(path)" }
            })
        let routed = house.application.routes.filter { $0.path.hasPrefix("/api/v1") }
        #expect(described == Set(routed.map(\.description)))
        let names = document.paths.values.flatMap(\.values).map(\.operationId)
        #expect(Set(names).count == names.count)
        for route in routed {
            let path = String(route.path.dropFirst("/api/v1".count))
            let operation = try #require(document.paths[path]?[route.method.rawValue.lowercased()])
            let isOpen = route.access == .public || route.access == .outsideSignIn
            #expect((operation.security?.isEmpty == true) == isOpen, "\(route)")
            #expect((operation.responses["401"] != nil) || isOpen, "\(route)")
            #expect(operation.responses["429"] != nil || route.limit == nil, "\(route)")
        }
        await house.server.stop()
    }

    @Test(
        "Plain YAML becomes the JSON that it means",
        arguments: [
            ("a: 1\nb: two", #"{"a":1,"b":"two"}"#), ("a:\n  b: [x, \"1\"]\n  c: {}", #"{"a":{"b":["x","1"],"c":{}}}"#),
            ("- a: 1\n  b: true\n- c", #"[{"a":1,"b":true},"c"]"#),
            ("a:\n  - b: 1\n  - c: 2", #"{"a":[{"b":1},{"c":2}]}"#),
            ("\"4{0}\":\n  d: \"a: b\" # not\n".replacing(" # not", with: ""), #"{"4{0}":{"d":"a: b"}}"#),
            ("- \"$ref\": \"#/a\"\n- \"b: c\"", ##"[{"$ref":"#/a"},"b: c"]"##),
            ("# comment\n\na:\nb: null", #"{"a":null,"b":null}"#),
        ])
    func plainYAML(text: String, json: String) throws {
        #expect(String(decoding: try PlainYAML.json(from: text), as: UTF8.self) == json)
    }

    @Test(
        "What is not plain is refused",
        arguments: ["a: 1\na: 2\n", "a: {b: 1}", "a: |\n  x", "a: &b 1", "a: 1\n   b: 2", "no colon", #"a: "b" "c""#])
    func notPlain(text: String) {
        #expect(throws: PlainYAML.Malformed.self) { try PlainYAML.json(from: text) }
    }
}
