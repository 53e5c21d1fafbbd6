import TLS

extension Doctor {
    /// Whether https can be spoken, for which names, and for how long. Nothing where it is not asked for.
    func certificateFindings() -> [Finding] {
        settings.tlsIdentities.map { identity in
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
