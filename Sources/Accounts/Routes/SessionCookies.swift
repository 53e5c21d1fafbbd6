import FoundationEssentials
import HTTP
import Web

/// The cookies of a browser's session. Over https they are `Secure`, and the session's name begins with `__Host-`, so that
/// no other host of the domain and nobody on the way can put one of theirs in its place.
struct SessionCookies: Sendable {
    private let isSecure: Bool

    init(for request: Request) { isSecure = request.isSecure }

    /// Holds the session's secret, out of the reach of scripts.
    var session: String { isSecure ? "__Host-palco_session" : "palco_session" }
    /// Holds the CSRF token for our own pages to read and send back.
    static let csrf = "palco_csrf"
    /// Tells a browser in which the account signed in before; sent to the sign-in only.
    static let device = "palco_device"
    private static let devicePath = "/api/v1/auth/login"

    func secret(in request: Request) -> SessionSecret? {
        guard let secret = request.cookie(session), secret.utf8.count <= 256 else { return nil }
        return SessionSecret(secret)
    }

    /// For a page whose person the proxy vouches for: until the browser closes.
    func set(on response: inout Response, csrfToken: String) {
        response.set(Cookie(name: Self.csrf, value: csrfToken, isSecure: isSecure, isHTTPOnly: false))
    }

    func set(on response: inout Response, _ secret: SessionSecret, csrfToken: String, lifetime: TimeInterval) {
        let maxAge = Duration.seconds(lifetime)
        response.set(Cookie(name: session, value: secret.text, maxAge: maxAge, isSecure: isSecure, isHTTPOnly: true))
        response.set(Cookie(name: Self.csrf, value: csrfToken, maxAge: maxAge, isSecure: isSecure, isHTTPOnly: false))
    }

    func remember(device token: String, on response: inout Response, lifetime: TimeInterval) {
        response.set(
            Cookie(
                name: Self.device, value: token, path: Self.devicePath, maxAge: .seconds(lifetime), isSecure: isSecure,
                isHTTPOnly: true))
    }

    func clear(on response: inout Response) {
        for (name, isHTTPOnly) in [(session, true), (Self.csrf, false)] {
            response.set(Cookie(name: name, value: "", maxAge: .zero, isSecure: isSecure, isHTTPOnly: isHTTPOnly))
        }
    }
}
