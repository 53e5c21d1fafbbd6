import Media
import Reactor

/// What an encoder gave, as ffmpeg's `framecrc` muxer wrote it down beside the movie: a movie whose samples have other
/// checksums was changed on its way. That costs next to nothing, where decoding it costs a seventh of encoding it.
struct PacketChecksums {
    private struct Packet {
        var byteCount: Int
        var sum: UInt32

        /// A line: stream, decoding time, time, duration, size, checksum, and more.
        init?(_ line: ArraySlice<UInt8>) {
            guard line.first != UInt8(ascii: "#") else { return nil }
            let fields = line.split(separator: UInt8(ascii: ",")).map { field in
                Substring(decoding: field.drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
            }
            guard fields.count >= 6, fields[5].hasPrefix("0x"), let byteCount = Int(fields[4]),
                let sum = UInt32(fields[5].dropFirst(2), radix: 16)
            else { return nil }
            self.byteCount = byteCount
            self.sum = sum
        }
    }

    private let packets: [Packet]
    /// More than any encoder writes for one picture here.
    private static let mostUnits = 8

    static func path(of movie: String) -> String { movie + ".crc" }

    /// Blocks.
    init(movie: String) throws {
        let file = try OpenFile(path: Self.path(of: movie))
        var packets: [Packet] = []
        var unfinished: [UInt8] = []
        // The list of a day is long: in pieces.
        let piece = 1 << 20
        for start in stride(from: 0, to: file.byteCount, by: piece) {
            // bound: less than the file and a piece
            unfinished += try file.read(start..<min(start + piece, file.byteCount))
            guard let end = unfinished.lastIndex(of: UInt8(ascii: "\n")) else { continue }
            packets += unfinished[..<end].split(separator: UInt8(ascii: "\n")).compactMap(Packet.init)
            unfinished.removeSubrange(...end)
        }
        self.packets = packets
    }

    var count: Int { packets.count }

    /// Whether this is the sample that the encoder gave at this place in decoding order.
    ///
    /// - Parameter sample: with the length before each NAL unit (ISO/IEC 14496-15 5.3.3). The encoder gives start codes of
    ///   three or four bytes there (ITU-T H.264 annex B), and which of them are long is its own affair: their number follows
    ///   from the packet's size.
    func matches(_ sample: [UInt8], at position: Int) -> Bool {
        guard packets.indices.contains(position), let units = Self.units(sample) else { return false }
        let packet = packets[position]
        // bound: parts of the sample, and three bytes for each of eight
        let longCount = packet.byteCount - units.reduce(0) { $0 + $1.count + 3 }
        guard (0...units.count).contains(longCount) else { return false }
        return (0..<1 << units.count).contains { mask in
            guard mask.nonzeroBitCount == longCount else { return false }
            var sum = Adler32()
            for (place, unit) in units.enumerated() {
                sum.update(mask >> place & 1 == 1 ? [0, 0, 0, 1] : [0, 0, 1])
                sum.update(sample[unit])
            }
            return sum.value == packet.sum
        }
    }

    /// Where the NAL units of a sample lie; nil where their lengths are wrong.
    private static func units(_ sample: [UInt8]) -> [Range<Int>]? {
        var units: [Range<Int>] = []
        var place = 0
        while sample.count - place > 4, units.count < mostUnits {
            let length = sample[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length > 0, length <= sample.count - place - 4 else { return nil }
            units.append(place + 4..<place + 4 + length)  // bound: inside the sample
            place += 4 + length  // bound: inside the sample
        }
        return place == sample.count ? units : nil
    }
}

/// RFC 1950 8.2, from 0 as ffmpeg begins.
struct Adler32 {
    private var low: UInt32 = 0
    private var high: UInt32 = 0

    var value: UInt32 { high << 16 | low }

    mutating func update(_ bytes: some Collection<UInt8>) {
        // As many as cannot overflow 32 bits.
        var rest = bytes[...]
        while !rest.isEmpty {
            for byte in rest.prefix(5552) {
                low &+= UInt32(byte)
                high &+= low
            }
            low %= 65521
            high %= 65521
            rest = rest.dropFirst(5552)
        }
    }
}
