import App
import FoundationEssentials

extension Command.Options {
    /// Settings from the environment and `.env`, with what was typed on top.
    func settings() throws -> Settings {
        var environment = ProcessInfo.processInfo.environment
        if let host { environment["PALCO_HOST"] = host }
        if let port { environment["PALCO_PORT"] = port }
        if let workers { environment["PALCO_WORKERS"] = workers }
        if let kinds { environment["PALCO_WORKER_KINDS"] = kinds }
        if let lines { environment["PALCO_WORKER_MAX_LINES"] = lines }
        if let data { environment["PALCO_DATA"] = data }
        let file = try? String(contentsOfFile: ".env", encoding: .utf8)
        return try SettingsReader.read(environment: environment, file: file)
    }
}
