extension HLS {
    /// An attribute list (RFC 8216 4.2): names in upper case and values, in order.
    struct AttributeList {
        private(set) var values: [(name: String, value: String)] = []

        init() {}

        /// An enumerated string, number, resolution or hexadecimal sequence.
        mutating func set(_ name: String, _ value: String) { values.append((name, value)) }

        /// A quoted string; the characters that it cannot hold become spaces.
        mutating func set(_ name: String, quoted value: String) {
            var clean = "\""
            for scalar in value.unicodeScalars {
                clean.unicodeScalars.append(scalar == "\"" || scalar == "\n" || scalar == "\r" ? " " : scalar)
            }
            values.append((name, clean + "\""))
        }

        var text: String { values.map { "\($0.name)=\($0.value)" }.joined(separator: ",") }

        init?(parsing text: some StringProtocol) {
            var rest = Substring(text)
            while !rest.isEmpty {
                guard let equals = rest.firstIndex(of: "=") else { return nil }
                let name = rest[..<equals]
                guard !name.isEmpty, name.utf8.allSatisfy(Self.isNameByte) else { return nil }
                rest = rest[rest.index(after: equals)...]
                var value: Substring
                if rest.first == "\"" {
                    guard let close = rest.dropFirst().firstIndex(of: "\"") else { return nil }
                    value = rest[...close]
                    rest = rest[rest.index(after: close)...]
                } else {
                    value = rest.prefix { $0 != "," }
                    guard !value.isEmpty, !value.contains("\"") else { return nil }
                    rest = rest[value.endIndex...]
                }
                values.append((String(name), String(value)))
                guard !rest.isEmpty else { break }
                guard rest.first == "," else { return nil }
                rest = rest.dropFirst()
            }
        }

        private static func isNameByte(_ byte: UInt8) -> Bool {
            (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D
        }

        subscript(name: String) -> String? { values.first { $0.name == name }?.value }

        /// The content of a quoted string.
        func quoted(_ name: String) -> String? {
            guard let value = self[name], value.count >= 2, value.first == "\"" else { return nil }
            return String(value.dropFirst().dropLast())
        }
    }
}
