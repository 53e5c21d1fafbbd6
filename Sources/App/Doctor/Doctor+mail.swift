import HTTPClient

extension Doctor {
    /// Whether mails would get as far as their server. Nothing where none is set.
    func mailFindings() async -> [Finding] {
        do {
            guard let client = try settings.mailClient else { return [] }
            let result: Result<Void, any Error>
            do { result = .success(try await client.check()) } catch { result = .failure(error) }
            await client.shutdown()
            try result.get()
            let entrance = client.server.user == nil ? "" : ", and lets this user in"
            return [.good("mail", "\(client.server) answers\(entrance)")]
        } catch {
            // Palco runs without it, and keeps what it has to send for some hours.
            return [
                .weak(
                    "mail", "\(error)",
                    mend: "change PALCO_SMTP, PALCO_SMTP_PASSWORD or PALCO_SMTP_CA, or start the mail server")
            ]
        }
    }
}
