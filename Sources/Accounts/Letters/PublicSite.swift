/// Where people reach this installation, as the operator says: never as a request says, whose sender may say anything.
struct PublicSite: Sendable {
    /// `https://video.example.org`, without a slash at its end; nil where nobody has said.
    let address: String?

    /// What letters call it.
    var name: String {
        guard let host = address?.split(separator: "/").last else { return "Palco" }
        return String(host)
    }

    /// A whole address, or the path alone where ours is not known: for an administrator whose browser knows where it is.
    func page(_ path: String) -> String { (address ?? "") + path }

    /// What stands behind `#` stays in the browser: neither a log nor another site sees it.
    func page(_ path: String, _ name: String, _ token: LinkToken) -> String { page("\(path)#\(name)=\(token.text)") }

    func verification(_ token: LinkToken) -> String { page("/verify", "token", token) }
    func reset(_ token: LinkToken) -> String { page("/reset", "token", token) }
    func invitation(_ token: LinkToken) -> String { page("/register", "invitation", token) }
    var signIn: String { page("/sign-in") }
    /// Where a new password can be asked for.
    var forgot: String { page("/forgot") }
}
