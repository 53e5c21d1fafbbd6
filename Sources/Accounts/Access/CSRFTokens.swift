import BaseEncoding
import Cryptography
import HTTP
import Web

/// What a page must send beside its cookie, so that no other site's page can act in its name.
struct CSRFTokens: Sendable {
    let key: HMACSHA256

    /// Belongs to one session and cannot be made by who does not hold our key.
    func token(for session: SessionID) -> String {
        Base64.url.encode(key.authenticationCode(for: Array(session.description.utf8)))
    }

    /// - Throws: `AccountsError.csrfFailed`.
    func check(_ request: Request, _ session: SessionID) throws {
        guard let sent = request.headers[.csrfToken], constantTimeEqual(sent, token(for: session)) else {
            throw AccountsError.csrfFailed
        }
    }
}

extension FieldName {
    static var csrfToken: FieldName { "X-CSRF-Token" }
}
