extension Command {
    /// What the options of all commands can say; each command names those that it takes.
    struct Options: Equatable {
        var host: String?
        var port: String?
        var data: String?
        var workers: String?
        var kinds: String?
        var lines: String?
        var url: String?
        var source: String?
        var target: String?
        var email: String?
        var name: String?
        var role: String?
        var state: String?
        var locale: String?
        var words: String?
        var file: String?
        var id: String?
        var scopes: String?
        var days: String?
        var format: String?
        var actions: String?
        var actor: String?
        var subject: String?
        /// Answers for programs.
        var isJSON = false
        /// Says what would be done.
        var isDryRun = false
        /// What is lost is made again.
        var isRepair = false
        /// A password comes by standard input: on the command line everybody on the machine could read it.
        var readsPassword = false

        /// Options with a value.
        static var values: [String: WritableKeyPath<Options, String?>] {
            [
                "--host": \.host, "--port": \.port, "--data": \.data, "--workers": \.workers, "--kinds": \.kinds,
                "--max-lines": \.lines, "--url": \.url, "--from": \.source, "--to": \.target, "--email": \.email,
                "--name": \.name, "--role": \.role, "--state": \.state, "--locale": \.locale, "--words": \.words,
                "--file": \.file, "--id": \.id, "--scopes": \.scopes, "--days": \.days, "--format": \.format,
                "--action": \.actions, "--actor": \.actor, "--target": \.subject,
            ]
        }

        /// Options without one.
        static var flags: [String: WritableKeyPath<Options, Bool>] {
            [
                "--json": \.isJSON, "--dry-run": \.isDryRun, "--password-stdin": \.readsPassword,
                "--repair": \.isRepair,
            ]
        }

        /// The value of an option that must be there.
        func require(
            _ name: String, _ place: KeyPath<Options, String?>, _ topic: HelpTopic
        ) throws(UsageError) -> String {
            guard let value = self[keyPath: place] else {
                throw UsageError(message: "\(name) is missing", topic: topic)
            }
            return value
        }
    }
}
