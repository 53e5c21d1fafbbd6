import FoundationEssentials
import HTTP
import Web

/// `/api/v1/auth/otp/…`: a person's own one-time codes.
struct OTPRoutes: Sendable {
    let show: ShowOTP
    let setUp: SetUpOTP
    let confirm: ConfirmOTP
    let disable: DisableOTP
    let renew: RenewRecoveryCodes
    let answers: SessionAnswers

    func add(to router: RouterBuilder) {
        let own = router.group(
            "/api/v1/auth/otp", access: .inPerson, bodyLimit: 16 << 10, context: SignedInContext.self)
        own.get("") { _, context in
            let (isEnabled, left) = try await show(of: context.userID)
            return try .json(OTPBody(isEnabled: isEnabled, recoveryCodesLeft: left))
        }
        own.post("/setup") { request, context in
            let body = try await request.decode(SetUpOTPBody.self)
            let proposal = try await setUp(for: context.signedIn, password: body.password)
            return try .json(OTPProposalBody(secret: proposal.secret, uri: proposal.uri, qrSvg: proposal.qrSVG))
        }
        own.post("/confirm") { request, context in
            let body = try await request.decode(OTPCodeBody.self)
            let origin = SessionOrigin(
                address: context.remoteAddress.host, device: DeviceName(userAgent: request.headers[.userAgent]))
            let confirmed = try await confirm(body.code, of: context.signedIn, from: origin)
            return try answers.begunAnew(confirmed.issued, for: request, by: context.signedIn.credential) { tokens in
                OTPConfirmedBody(recoveryCodes: confirmed.recoveryCodes, tokens: tokens)
            }
        }
        own.post("/disable") { request, context in
            let code = try await request.decode(OTPCodeBody.self).code
            try await disable(code, of: context.signedIn, by: context.auditOrigin)
            return .noContent
        }
        own.post("/recovery-codes") { request, context in
            let code = try await request.decode(OTPCodeBody.self).code
            let codes = try await renew(code, of: context.signedIn, by: context.auditOrigin)
            return try .json(RecoveryCodesBody(recoveryCodes: codes))
        }
    }
}

private struct OTPBody: Encodable {
    let isEnabled: Bool
    let recoveryCodesLeft: Int
}

private struct SetUpOTPBody: Decodable {
    let password: String?
}

private struct OTPProposalBody: Encodable {
    let secret: String
    let uri: String
    let qrSvg: String
}

private struct OTPCodeBody: Decodable {
    let code: String
}

private struct OTPConfirmedBody: Encodable {
    let recoveryCodes: [String]
    /// Not there for a browser, which has cookies.
    let tokens: TokensBody?
}

private struct RecoveryCodesBody: Encodable {
    let recoveryCodes: [String]
}
