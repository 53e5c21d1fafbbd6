@main
struct Palco {
    static func main() {}
}
