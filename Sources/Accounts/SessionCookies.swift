import HTTP
import Web

/// The two cookies of a browser's session.
enum SessionCookies {
    /// Holds the session's secret, out of the reach of scripts.
    static let session = "palco_session"
    /// Holds the CSRF token for our own pages to read and send back.
    static let csrf = "palco_csrf"

    static func set(on response: inout Response, secret: String, csrfToken: String, _ settings: AccountsSettings) {
        let lifetime = Duration.seconds(settings.sessionLifetime)
        response.set(
            Cookie(
                name: session, value: secret, maxAge: lifetime, isSecure: settings.cookiesAreSecure, isHTTPOnly: true))
        response.set(
            Cookie(
                name: csrf, value: csrfToken, maxAge: lifetime, isSecure: settings.cookiesAreSecure, isHTTPOnly: false))
    }

    static func clear(on response: inout Response, _ settings: AccountsSettings) {
        for (name, isHTTPOnly) in [(session, true), (csrf, false)] {
            response.set(
                Cookie(
                    name: name, value: "", maxAge: .zero, isSecure: settings.cookiesAreSecure, isHTTPOnly: isHTTPOnly))
        }
    }
}
