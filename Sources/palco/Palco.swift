import Sandbox

@main
struct Palco {
    static func main() {
        SandboxCommand.runIfRequested(CommandLine.arguments)
    }
}
