extension Response {
    /// The answer to a request that never became one, made by the server itself.
    static func refusal(_ status: Status) -> Response {
        let text =
            #"{"type":"about:blank","title":"\#(status.reason)","status":\#(status.code),"code":"\#(status.slug)"}"#
        return Response(
            status: status, headers: [.contentType: "application/problem+json", .cacheControl: "no-store"],
            body: .string(text))
    }
}

extension Response.Status {
    /// The stable code of an answer that no room made: `uri_too_long`.
    fileprivate var slug: String { reason.lowercased().replacing(" ", with: "_") }
}
