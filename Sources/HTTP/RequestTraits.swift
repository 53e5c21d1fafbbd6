/// What of a request decides how its answer stands on the wire of HTTP/1.1.
struct RequestTraits {
    var method = Request.Method.get
    var isHTTP10 = false
    /// The client does not mind that the connection stays.
    var keepsAlive = true
}
