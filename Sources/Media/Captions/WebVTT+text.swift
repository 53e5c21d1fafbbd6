extension WebVTT {
    /// As SRT has it, which knows bold, italics and underlining and no places on the picture.
    public func renderSubRip() -> String {
        var text = ""
        for (index, cue) in cues.enumerated() {
            let (start, end) = (Self.clock(cue.start), Self.clock(cue.end))
            text += "\(index + 1)\n\(start.replacing(".", with: ",")) --> \(end.replacing(".", with: ","))\n"
            // An empty line would end the cue.
            let lines = cue.text.map { CueMarkup.plain($0, keeping: ["b", "i", "u"]) }.filter { !$0.isEmpty }
            text += lines.joined(separator: "\n").replacing("-->", with: "->") + "\n\n"
        }
        return text
    }
}

extension WebVTT.Cue {
    /// What is said, without markup, in one line.
    public var plainText: String {
        text.map { CueMarkup.plain($0, keeping: []) }.joined(separator: " ")
    }
}

/// Reads what `CueText` wrote.
enum CueMarkup {
    static func plain(_ line: String, keeping kept: Set<String>) -> String {
        var text = ""
        var rest = Substring(line)
        while let place = rest.firstIndex(where: { $0 == "<" || $0 == "&" }) {
            text += rest[..<place]
            rest = rest[place...]
            guard let end = rest.firstIndex(of: rest.first == "<" ? ">" : ";") else { break }
            let body = rest[rest.index(after: place)..<end]
            if rest.first == "<" {
                let name = String((body.first == "/" ? body.dropFirst() : body).prefix { $0 != "." && $0 != " " })
                if kept.contains(name) { text += body.first == "/" ? "</\(name)>" : "<\(name)>" }
            } else if let scalar = CueEntity.scalar(String(body)) {
                text.unicodeScalars.append(scalar)
            }
            rest = rest[rest.index(after: end)...]
        }
        return text + rest
    }
}
