/// What a client is called in the list of a person's sign-ins: `Firefox, Linux`.
///
/// Read from the field User-Agent (RFC 9110 10.1.5), which anybody may write as they like: it is shown and decides nothing.
struct DeviceName: Sendable, Equatable {
    static let maximumLength = 60

    let text: String

    /// The first that is named counts: most browsers name others too.
    private static let programs = [
        ("Edg", "Edge"), ("OPR/", "Opera"), ("YaBrowser/", "Yandex Browser"), ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    ]
    private static let systems = [
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
        ("Mac OS X", "macOS"), ("Linux", "Linux"),
    ]

    init(userAgent: String?) {
        let field = String((userAgent ?? "").prefix(400))
        func first(_ names: [(mark: String, name: String)]) -> String? {
            names.first { field.contains($0.mark) }?.name
        }
        let known = [first(Self.programs), first(Self.systems)].compactMap(\.self)
        // A program by its product's name: `curl/8.5.0`, `okhttp/4.12`.
        let product = field.prefix {
            $0.isASCII && !$0.isWhitespace && ($0.isLetter || $0.isNumber || "._-/".contains($0))
        }
        text = known.isEmpty ? String(product.prefix(Self.maximumLength)) : known.joined(separator: ", ")
    }

    init(stored text: String) { self.text = text }
}
