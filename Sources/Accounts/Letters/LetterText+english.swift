import FoundationEssentials

extension LetterText {
    static func english(_ letter: Letter, site: String) -> LetterText {
        switch letter {
        case .verification(let link, let lifetime):
            LetterText(
                subject: "Confirm your e-mail address",
                paragraphs: [
                    "An account at \(site) was asked for with this e-mail address.",
                    "If it was you, open the link and enter the password that you chose.",
                ],
                action: Action(label: "Confirm the address", link: link),
                ending: [
                    "The link is good for \(english(lifetime)).",
                    "If it was not you, do nothing: without this link there is no account.",
                ])
        case .accountExists(let signIn, let reset):
            LetterText(
                subject: "You already have an account",
                paragraphs: [
                    "An account at \(site) was asked for with your e-mail address. You have one already, and nothing was changed.",
                    "If it was you, sign in with your password.",
                ],
                action: Action(label: "Sign in", link: signIn),
                ending: ["You do not know your password any more? Choose a new one here: \(reset)"])
        case .passwordReset(let link, let lifetime):
            LetterText(
                subject: "Choose a new password",
                paragraphs: ["A new password for your account at \(site) was asked for."],
                action: Action(label: "Choose a new password", link: link),
                ending: [
                    "The link is good for \(english(lifetime)), and once.",
                    "If it was not you, do nothing: your password stays as it is.",
                ])
        case .firstPassword(let link, let lifetime):
            LetterText(
                subject: "Your account at \(site)",
                paragraphs: ["An account at \(site) was made for you. Choose a password for it."],
                action: Action(label: "Choose a password", link: link),
                ending: ["The link is good for \(english(lifetime)), and once."])
        case .invitation(let link, let lifetime):
            LetterText(
                subject: "You are invited to \(site)",
                paragraphs: ["You are invited to make an account at \(site)."],
                action: Action(label: "Accept the invitation", link: link),
                ending: ["The invitation is good for \(english(lifetime)), and once."])
        case .accountLocked(let time, let reset):
            LetterText(
                subject: "Wrong passwords for your account",
                paragraphs: [
                    "Somebody entered a wrong password for your account at \(site) several times. From where they did, nobody can sign in to it for \(english(time)).",
                    "If it was you, wait, or choose a new password: that unlocks the account at once.",
                ],
                action: Action(label: "Choose a new password", link: reset),
                ending: ["If it was not you, there is nothing to do. Your password is still known to you only."])
        case .codesLocked(let time, let reset):
            LetterText(
                subject: "Wrong one-time codes for your account",
                paragraphs: [
                    "Somebody entered a wrong one-time code for your account at \(site) several times. From where they did, nobody can sign in to it for \(english(time)).",
                    "If it was you, wait, or choose a new password: that unlocks the account at once.",
                ],
                action: Action(label: "Choose a new password", link: reset),
                ending: [
                    "If it was not you, choose a new password: who is asked for a code has given the right password before."
                ])
        case .passwordChanged(let reset):
            LetterText(
                subject: "Your password was changed",
                paragraphs: [
                    "The password of your account at \(site) was changed, and all its sign-ins have ended.",
                    "If it was you, there is nothing to do. If not, choose a new password at once and tell the administrator.",
                ],
                action: Action(label: "Choose a new password", link: reset))
        case .signInCodesChanged(let areOn, let reset):
            LetterText(
                subject: areOn ? "One-time codes are on" : "One-time codes are off",
                paragraphs: [
                    areOn
                        ? "Signing in to your account at \(site) asks for a one-time code from now on."
                        : "Signing in to your account at \(site) does not ask for a one-time code any more.",
                    "If it was not you who changed this, choose a new password at once and tell the administrator.",
                ],
                action: Action(label: "Choose a new password", link: reset))
        }
    }

    private static func english(_ seconds: TimeInterval) -> String {
        switch LetterSpan(seconds) {
        case .days(let count): "\(count) days"
        case .hours(1): "one hour"
        case .hours(let count): "\(count) hours"
        case .minutes(1): "one minute"
        case .minutes(let count): "\(count) minutes"
        }
    }
}
