/// Who signs requests. It never describes itself.
public struct S3Credentials: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    let accessKeyID: String
    let secretAccessKey: String
    /// Of credentials that last for some hours only.
    let sessionToken: String?

    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }

    public var description: String { "[credentials]" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Why there are no credentials, and where to put them.
    public struct Missing: Error, Equatable, CustomStringConvertible {
        public let description: String
        init(_ description: String) { self.description = description }
    }

    /// Those that `environment` names, as other programs for S3 do: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, with
    /// `AWS_SESSION_TOKEN` where there is one; or the profile `AWS_PROFILE` (`default`) of the file
    /// `AWS_SHARED_CREDENTIALS_FILE`. Blocks while the file is read.
    public init(environment: [String: String]) throws(Missing) {
        let value = { (name: String) in environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        switch (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY")) {
        case (let id?, let secret?):
            self = try Self(checking: id, secret, value("AWS_SESSION_TOKEN"), in: "the environment")
        case (nil, nil):
            guard let path = value("AWS_SHARED_CREDENTIALS_FILE") else {
                throw Missing(
                    "there are no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                        + "or AWS_SHARED_CREDENTIALS_FILE")
            }
            self = try SharedCredentialsFile(path).credentials(of: value("AWS_PROFILE") ?? "default")
        case (nil, _): throw Missing("AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not: set both or none")
        case (_, nil): throw Missing("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not: set both or none")
        }
    }

    /// They stand in header fields and addresses: what could end a line there is refused here, where it can be told.
    init(checking id: String, _ secret: String, _ token: String?, in place: String) throws(Missing) {
        let isPlain = { (text: String) in text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
        guard isPlain(id), !id.contains("/"), isPlain(secret), token.map(isPlain) ?? true else {
            throw Missing(
                "the credentials for S3 in \(place) have spaces or other characters that credentials never have")
        }
        self.init(accessKeyID: id, secretAccessKey: secret, sessionToken: token)
    }
}
