import HTTP
import Reactor
import Telemetry
import Testing

@testable import Web

@Suite("Requests by route")
struct RequestMetricsTests {
    private func lines(_ metrics: RequestMetrics) async -> [String] {
        var text = MetricsText()
        await metrics.write(to: &text)
        return text.text.split(separator: "\n").map(String.init)
    }

    @Test("Counted by the route's pattern and the status; whatever strangers ask for is one route")
    func byRoute() async throws {
        let loops = try EventLoopGroup(count: 2)
        let metrics = RequestMetrics(loops)
        var options = RouterBuilder.Options()
        options.metrics = metrics
        let router = RouterBuilder(options: options)
        router.get("/videos/{id}", access: .public) { request, context in
            if context.parameters["id"] == "0" { throw Problem.notFound() }
            return .text("hello")
        }
        router.get("/alive", access: .public, logged: false) { _, _ in .text("ok") }
        let application = try router.build()
        await withTaskGroup(of: Void.self) { tasks in
            for number in 0..<20 {
                tasks.addTask(executorPreference: loops.next()) {
                    let client = InProcessClient(application)
                    _ = try? await client.get("/videos/\(number)?x=\(number)")
                    _ = try? await client.get("/nowhere/\(number)")
                    _ = try? await client.send(.init(rawValue: "M\(number)"), "/videos/\(number)")
                    _ = try? await client.get("/alive")
                }
            }
        }
        metrics.countRefusal(.requestHeaderFieldsTooLarge)
        let lines = await lines(metrics)
        let requests = lines.filter { $0.hasPrefix("palco_http_requests_total") }
        #expect(
            Set(requests) == [
                #"palco_http_requests_total{method="GET",route="/videos/{id}",status="200"} 19"#,
                #"palco_http_requests_total{method="GET",route="/videos/{id}",status="404"} 1"#,
                #"palco_http_requests_total{method="GET",route="/alive",status="200"} 20"#,
                #"palco_http_requests_total{method="-",route="-",status="404"} 20"#,
                #"palco_http_requests_total{method="-",route="-",status="405"} 20"#,
                #"palco_http_requests_total{method="-",route="-",status="431"} 1"#,
            ])
        let count = #"palco_http_request_duration_seconds_count{method="GET",route="/videos/{id}"} 20"#
        #expect(lines.contains(count))
        #expect(lines.contains(#"palco_http_response_body_bytes_total{method="GET",route="/alive"} 40"#))
        #expect(Set(lines).count == lines.count)
        await loops.shutdown()
    }
}
