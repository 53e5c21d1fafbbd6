import FoundationEssentials

extension LetterText {
    static func spanish(_ letter: Letter, site: String) -> LetterText {
        switch letter {
        case .verification(let link, let lifetime):
            LetterText(
                subject: "Confirma tu dirección de correo",
                paragraphs: [
                    "Se ha pedido una cuenta en \(site) con esta dirección de correo.",
                    "Si has sido tú, abre el enlace e introduce la contraseña que elegiste.",
                ],
                action: Action(label: "Confirmar la dirección", link: link),
                ending: [
                    "El enlace es válido durante \(spanish(lifetime)).",
                    "Si no has sido tú, no hagas nada: sin este enlace no habrá ninguna cuenta.",
                ])
        case .accountExists(let signIn, let reset):
            LetterText(
                subject: "Ya tienes una cuenta",
                paragraphs: [
                    "Se ha pedido una cuenta en \(site) con tu dirección de correo. Ya tienes una, y no ha cambiado nada.",
                    "Si has sido tú, inicia sesión con tu contraseña.",
                ],
                action: Action(label: "Iniciar sesión", link: signIn),
                ending: ["¿Ya no recuerdas tu contraseña? Elige una nueva aquí: \(reset)"])
        case .passwordReset(let link, let lifetime):
            LetterText(
                subject: "Elige una contraseña nueva",
                paragraphs: ["Se ha pedido una contraseña nueva para tu cuenta en \(site)."],
                action: Action(label: "Elegir una contraseña nueva", link: link),
                ending: [
                    "El enlace es válido durante \(spanish(lifetime)) y una sola vez.",
                    "Si no has sido tú, no hagas nada: tu contraseña sigue siendo la misma.",
                ])
        case .firstPassword(let link, let lifetime):
            LetterText(
                subject: "Tu cuenta en \(site)",
                paragraphs: ["Se ha creado una cuenta para ti en \(site). Elige su contraseña."],
                action: Action(label: "Elegir una contraseña", link: link),
                ending: ["El enlace es válido durante \(spanish(lifetime)) y una sola vez."])
        case .invitation(let link, let lifetime):
            LetterText(
                subject: "Invitación a \(site)",
                paragraphs: ["Te invitan a crear una cuenta en \(site)."],
                action: Action(label: "Aceptar la invitación", link: link),
                ending: ["La invitación es válida durante \(spanish(lifetime)) y una sola vez."])
        case .accountLocked(let time, let reset):
            LetterText(
                subject: "Contraseñas incorrectas en tu cuenta",
                paragraphs: [
                    "Alguien ha introducido varias veces una contraseña incorrecta para tu cuenta en \(site). Desde allí nadie podrá iniciar sesión en ella durante \(spanish(time)).",
                    "Si has sido tú, espera o elige una contraseña nueva: así la cuenta se desbloquea enseguida.",
                ],
                action: Action(label: "Elegir una contraseña nueva", link: reset),
                ending: ["Si no has sido tú, no tienes que hacer nada. Solo tú conoces tu contraseña."])
        case .codesLocked(let time, let reset):
            LetterText(
                subject: "Códigos incorrectos en tu cuenta",
                paragraphs: [
                    "Alguien ha introducido varias veces un código incorrecto para tu cuenta en \(site). Desde allí nadie podrá iniciar sesión en ella durante \(spanish(time)).",
                    "Si has sido tú, espera o elige una contraseña nueva: así la cuenta se desbloquea enseguida.",
                ],
                action: Action(label: "Elegir una contraseña nueva", link: reset),
                ending: [
                    "Si no has sido tú, elige una contraseña nueva: el código solo se pide a quien ya ha dado la contraseña correcta."
                ])
        case .passwordChanged(let reset):
            LetterText(
                subject: "Tu contraseña ha cambiado",
                paragraphs: [
                    "La contraseña de tu cuenta en \(site) ha cambiado y se han cerrado todas sus sesiones.",
                    "Si has sido tú, no tienes que hacer nada. Si no, elige ahora mismo una contraseña nueva y avisa al administrador.",
                ],
                action: Action(label: "Elegir una contraseña nueva", link: reset))
        case .signInCodesChanged(let areOn, let reset):
            LetterText(
                subject: areOn ? "Códigos de un solo uso activados" : "Códigos de un solo uso desactivados",
                paragraphs: [
                    areOn
                        ? "A partir de ahora, para iniciar sesión en tu cuenta de \(site) se pide un código de un solo uso."
                        : "Para iniciar sesión en tu cuenta de \(site) ya no se pide un código de un solo uso.",
                    "Si no has hecho tú este cambio, elige ahora mismo una contraseña nueva y avisa al administrador.",
                ],
                action: Action(label: "Elegir una contraseña nueva", link: reset))
        }
    }

    private static func spanish(_ seconds: TimeInterval) -> String {
        switch LetterSpan(seconds) {
        case .days(let count): "\(count) días"
        case .hours(1): "una hora"
        case .hours(let count): "\(count) horas"
        case .minutes(1): "un minuto"
        case .minutes(let count): "\(count) minutos"
        }
    }
}
