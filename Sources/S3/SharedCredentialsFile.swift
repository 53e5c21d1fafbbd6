import Reactor

/// The file in which other programs for S3 keep credentials: `[profile]`, and lines `aws_access_key_id = …` below it.
struct SharedCredentialsFile {
    private let path: String
    private let text: String

    private static let mostBytes = 1 << 20

    init(_ path: String) throws(S3Credentials.Missing) {
        self.path = path
        do {
            let file = try OpenFile(path: path)
            guard file.byteCount <= Self.mostBytes else {
                throw S3Credentials.Missing("\(path) is larger than a file of credentials: name another one")
            }
            text = String(decoding: try file.read(0..<file.byteCount), as: UTF8.self)
        } catch let error as S3Credentials.Missing {
            throw error
        } catch {
            throw S3Credentials.Missing("the credentials for S3 in \(path) cannot be read: \(error)")
        }
    }

    func credentials(of profile: String) throws(S3Credentials.Missing) -> S3Credentials {
        guard let values = values(of: profile) else {
            throw S3Credentials.Missing("\(path) has no profile [\(profile)]: write it there, or set AWS_PROFILE")
        }
        guard let id = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else {
            throw S3Credentials.Missing(
                "the profile [\(profile)] in \(path) needs aws_access_key_id and aws_secret_access_key")
        }
        return try S3Credentials(checking: id, secret, values["aws_session_token"], in: path)
    }

    private func values(of profile: String) -> [String: String]? {
        var found: [String: String]?
        var isWanted = false
        for line in text.split(whereSeparator: \.isNewline).map(Self.trimmed) {
            if line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("["), line.hasSuffix("]") {
                isWanted = Self.trimmed(line.dropFirst().dropLast()) == profile
                if isWanted, found == nil { found = [:] }
            } else if isWanted, let sign = line.firstIndex(of: "=") {
                let value = Self.trimmed(line[line.index(after: sign)...])
                if !value.isEmpty { found?[Self.trimmed(line[..<sign]).lowercased()] = String(value) }
            }
        }
        return found
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
