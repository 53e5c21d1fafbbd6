import Glibc
import TLS

extension Doctor {
    /// Whether https can be spoken, for which names, and for how long. Nothing where it is not asked for.
    func certificateFindings() -> [Finding] {
        if !settings.tlsNames.isEmpty, let failure = settings.certificateFolder.readState().lastFailure {
            return [
                .bad(
                    "https", "no certificate was issued at the last try: \(failure)",
                    mend: "see that \(settings.tlsNames.joined(separator: ", ")) lead to this machine and that it is "
                        + "reached there at port 80")
            ] + presentFindings()
        }
        return presentFindings()
    }

    private func presentFindings() -> [Finding] {
        settings.tlsIdentities.filter { settings.tlsNames.isEmpty || access($0.certificate, F_OK) == 0 }.map {
            identity in
            do {
                // Each by itself, so that one that is broken does not hide the others.
                let context = try TLSContext([identity], protocols: [], tickets: TicketKeys { 0 })
                return context.certificates.map(finding).first ?? .good("https", identity.certificate)
            } catch {
                return .bad(
                    "https", "\(error)",
                    mend: "name a certificate with its chain in PALCO_TLS_CERT, its key in PALCO_TLS_KEY")
            }
        }
    }

    func finding(of certificate: TLSContext.Certificate) -> Finding {
        let names = certificate.names.isEmpty ? "no host" : certificate.names.joined(separator: ", ")
        let days = certificate.daysLeft
        let text = "\(certificate.path) for \(names)"
        if days < 0 {
            return .bad("https", "\(text), ended \(-days) days ago", mend: "renew it: browsers refuse to come")
        }
        if days < TLSContext.Certificate.fewDays {
            return .weak("https", "\(text), \(days) days left", mend: "renew it, and see why nothing did so by itself")
        }
        return .good("https", "\(text), \(days) days left")
    }
}
