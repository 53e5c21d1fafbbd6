import HTTP
import Reactor
import Telemetry

/// Counts requests by the pattern of their route, so that there are never more numbers than routes and statuses, whatever
/// strangers ask for. Each loop counts what it answers.
public final class RequestMetrics: Sendable {
    private struct RouteTraffic: Sendable {
        let route: Route
        var statuses: [(status: Int, count: Int)] = []
        var durations = Histogram()
        var byteCount = 0

        mutating func count(_ status: Int, times: Int = 1) {
            for place in statuses.indices where statuses[place].status == status {
                statuses[place].count &+= times
                return
            }
            statuses.append((status, times))
        }

        mutating func count(_ status: Int, byteCount: Int, nanoseconds: Int64) {
            count(status)
            self.byteCount &+= byteCount
            durations.record(nanoseconds: nanoseconds)
        }
    }

    /// By the numbers of the routes; in the place of one that nobody asked for stands what matches none.
    private let traffic: PerLoop<[RouteTraffic]>

    public init(_ loops: EventLoopGroup) { traffic = PerLoop([], in: loops) }

    /// An answer that has left, or failed to.
    func count(_ route: Route, _ status: Response.Status, byteCount: Int, nanoseconds: Int64) {
        traffic.update { traffic in
            Self.makePlace(for: route, in: &traffic)
            traffic[route.number].count(status.code, byteCount: byteCount, nanoseconds: nanoseconds)
        }
    }

    /// What was refused before it was known for which route it is.
    public func countRefusal(_ status: Response.Status) {
        traffic.update { traffic in
            Self.makePlace(for: .none, in: &traffic)
            traffic[Route.none.number].count(status.code)
        }
    }

    @inline(__always)
    private static func makePlace(for route: Route, in traffic: inout [RouteTraffic]) {
        if traffic.count > route.number, traffic[route.number].route === route { return }
        while traffic.count <= route.number { traffic.append(RouteTraffic(route: .none)) }
        traffic[route.number] = RouteTraffic(route: route)
    }

    /// Writes down what was counted until now.
    public func write(to text: inout MetricsText) async {
        let routes = await sums()
        text.family("palco_http_requests_total", .counter, "Requests answered, by route and status.")
        for each in routes {
            for (status, count) in each.statuses.sorted(by: { $0.status < $1.status }) {
                text.sample(
                    count, ["method": each.route.metricMethod, "route": each.route.path, "status": "\(status)"])
            }
        }
        text.family(
            "palco_http_request_duration_seconds", .histogram,
            "Time from a request's head to the end of its answer, by route.")
        for each in routes where each.durations.count > 0 {
            text.sample(each.durations, ["method": each.route.metricMethod, "route": each.route.path])
        }
        text.family("palco_http_response_body_bytes_total", .counter, "Bytes of answers' bodies, by route.")
        for each in routes where each.durations.count > 0 {
            text.sample(each.byteCount, ["method": each.route.metricMethod, "route": each.route.path])
        }
    }

    /// Of the routes that somebody asked for.
    private func sums() async -> [RouteTraffic] {
        var sums: [RouteTraffic] = []
        for part in await traffic.values() {
            for each in part where !each.statuses.isEmpty {
                Self.makePlace(for: each.route, in: &sums)
                for (status, count) in each.statuses { sums[each.route.number].count(status, times: count) }
                sums[each.route.number].byteCount &+= each.byteCount
                sums[each.route.number].durations += each.durations
            }
        }
        return sums.filter { !$0.statuses.isEmpty }
    }
}

extension Route {
    /// Methods of requests that match no route are whatever strangers write.
    fileprivate var metricMethod: String { self === Route.none ? "-" : method.rawValue }
}
