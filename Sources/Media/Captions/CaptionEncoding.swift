/// Which characters the bytes of a file of captions mean.
enum CaptionEncoding {
    /// As UTF-8; nil where it cannot be told for sure. `isUnicode` is false for old encodings of one byte a character.
    static func text(of bytes: [UInt8], language: LanguageTag?) -> (text: [UInt8], isUnicode: Bool)? {
        if bytes.starts(with: [0xFF, 0xFE]) { return utf16(bytes.dropFirst(2), isBig: false).map { ($0, true) } }
        if bytes.starts(with: [0xFE, 0xFF]) { return utf16(bytes.dropFirst(2), isBig: true).map { ($0, true) } }
        // Times and numbers are ASCII, so without a mark every second byte of much is 0.
        if let isBig = looksLikeUTF16(bytes) { return utf16(bytes[...], isBig: isBig).map { ($0, true) } }
        if String(validating: bytes, as: UTF8.self) != nil { return (bytes, true) }
        let code = language.flatMap { $0.text.split(separator: "-").first.map(String.init) } ?? ""
        if cyrillic.contains(code), looksLikeWindows1251(bytes) {
            return (decode(bytes, from: 0x80, windows1251), false)
        }
        if western.contains(code), looksLikeWindows1252(bytes) {
            return (decode(bytes, from: 0x80, windows1252), false)
        }
        return nil
    }

    // MARK: UTF-16

    private static func utf16(_ bytes: ArraySlice<UInt8>, isBig: Bool) -> [UInt8]? {
        guard bytes.count.isMultiple(of: 2) else { return nil }
        let units = stride(from: bytes.startIndex, to: bytes.endIndex, by: 2).map { index in
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return isBig ? first << 8 | second : second << 8 | first
        }
        return String(validating: units, as: UTF16.self).map { Array($0.utf8) }
    }

    private static func looksLikeUTF16(_ bytes: [UInt8]) -> Bool? {
        var zeros = [0, 0]
        for (index, byte) in bytes.prefix(4096).enumerated() where byte == 0 { zeros[index % 2] += 1 }
        let most = bytes.prefix(4096).count / 8
        if zeros[0] > most, zeros[1] == 0 { return true }
        if zeros[1] > most, zeros[0] == 0 { return false }
        return nil
    }

    // MARK: One byte a character

    private static let cyrillic: Set<String> = ["ru", "uk", "be", "bg", "mk", "sr"]
    private static let western: Set<String> = [
        "es", "pt", "fr", "it", "de", "nl", "en", "ca", "gl", "eu", "da", "sv", "no", "nb", "nn", "fi", "is", "ga",
    ]

    /// Words are letters of the upper half in a row, most of them small. In KOI8-R, ISO 8859-5 and code page 866 small letters stand
    /// elsewhere.
    private static func looksLikeWindows1251(_ bytes: [UInt8]) -> Bool {
        var (small, large, other, inRow, last) = (0, 0, 0, 0, false)
        for byte in bytes {
            let isSmall = byte >= 0xE0 || [0xB3, 0xB8, 0xBA, 0xBF, 0x9E, 0xB4].contains(byte)
            let isLarge = (0xC0...0xDF).contains(byte) || [0xA8, 0xAA, 0xAF, 0xB2, 0xA1, 0xA5].contains(byte)
            if isSmall { small += 1 }
            if isLarge { large += 1 }
            if byte >= 0x80, !isSmall, !isLarge {
                if byte == 0x98 { return false }
                other += 1
            }
            if last, isSmall || isLarge { inRow += 1 }
            last = isSmall || isLarge
        }
        let letters = small + large
        return letters >= 20 && small > 2 * large && other * 10 <= letters && inRow * 10 >= letters * 6
    }

    /// Letters with accents stand alone between those of ASCII, and what lies below them is no part of a word.
    private static func looksLikeWindows1252(_ bytes: [UInt8]) -> Bool {
        func isASCIILetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) && byte < 0x80 }
        var (high, inRow, misplaced) = (0, 0, 0)
        for index in bytes.indices where bytes[index] >= 0x80 {
            let byte = bytes[index]
            if [0x81, 0x8D, 0x8F, 0x90, 0x9D].contains(byte) { return false }
            high += 1
            let before = index > 0 ? bytes[index - 1] : 0x20
            let after = index + 1 < bytes.count ? bytes[index + 1] : 0x20
            if byte >= 0xC0, before >= 0xC0 { inRow += 1 }
            // Apostrophes, dashes, the dot of Catalan and the letter œ stand within words.
            let isAtHome = byte >= 0xC0 || [0x91, 0x92, 0x96, 0x97, 0x9C, 0xAD, 0xB4, 0xB7].contains(byte)
            if !isAtHome, isASCIILetter(before) || isASCIILetter(after), isASCIILetter(before) == isASCIILetter(after) {
                misplaced += 1
            }
        }
        return inRow * 3 <= high && misplaced * 20 <= high
    }

    private static func decode(_ bytes: [UInt8], from first: UInt8, _ table: [Unicode.Scalar]) -> [UInt8] {
        var text = String.UnicodeScalarView()
        for byte in bytes {
            let place = Int(byte) - Int(first)
            text.append(table.indices.contains(place) ? table[place] : Unicode.Scalar(byte))
        }
        return Array(String(text).utf8)
    }

    /// From 0x80 on. What is not defined never comes here.
    private static let windows1252 = Array(
        "€\u{FFFD}‚ƒ„…†‡ˆ‰Š‹Œ\u{FFFD}Ž\u{FFFD}\u{FFFD}‘’“”•–—˜™š›œ\u{FFFD}žŸ".unicodeScalars)
    private static let windows1251 =
        Array(
            "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u{FFFD}™љ›њќћџ\u{A0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{AD}®Ї°±Ііґµ¶·ё№є»јЅѕї".unicodeScalars)
        + (0x0410...0x044F).compactMap(Unicode.Scalar.init(_:) as (UInt32) -> Unicode.Scalar?)
}
