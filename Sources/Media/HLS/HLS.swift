/// HTTP Live Streaming playlists (RFC 8216 and draft-pantos-hls-rfc8216bis).
public enum HLS {
    public enum ParseError: Error, Sendable, Hashable {
        /// The text does not begin with `#EXTM3U`.
        case notAPlaylist
        /// This line, counted from 1, breaks the grammar of its tag.
        case malformed(line: Int)
        /// A tag that must be there is not.
        case missing(String)
    }

    /// The version that the tags in use ask for: `EXT-X-MAP` without `EXT-X-I-FRAMES-ONLY` needs 6; 7 is what
    /// players expect of fragmented MP4.
    static let version = 7

    /// Splits a playlist into its lines, with numbers from 1; blank ones are left out.
    static func lines(of text: String) throws(ParseError) -> [(number: Int, text: Substring)] {
        var lines: [(number: Int, text: Substring)] = []
        // CR LF is one Character.
        let all = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in all.enumerated() where !line.isEmpty { lines.append((index + 1, line)) }
        guard lines.first?.text == "#EXTM3U" else { throw .notAPlaylist }
        return lines
    }
}
