import Media

/// The containers that are read, by ffmpeg's names of their demuxers.
///
/// All hold their media themselves. Left out on purpose is everything that names other files or addresses (`hls`,
/// `concat`, `dash`, `sdp`, `rtsp`, `imf`), makes media up (`lavfi`), reads rows of pictures (`image2`) or takes
/// any bytes for media (`rawvideo`, `txt`, `tty`).
enum Containers {
    static let demuxers =
        "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,asf,flv,ogg,mxf,dv,nut,rm,wtv,ivf,"
        + "mp3,wav,w64,aac,flac,aiff,amr,ac3,eac3,caf,au,"
        // Streams without a container, and animations.
        + "mpegvideo,h261,h263,h264,hevc,m4v,vc1,obu,dirac,mjpeg,cavsvideo,gif,apng,yuv4mpegpipe,"
        // Of older cameras, recorders, broadcasters and players.
        + "gxf,lxf,nsv,nuv,pva,ty,dhav,pmp,mtv,vivo,thp,swf,flic,roq,smk,bink,smjpeg,cine,live_flv,kux"

    /// What the first bytes of a file promise.
    enum Family: Sendable, Hashable {
        case isoMedia, matroska, avi, mpegTransport, mpegProgram, flv, ogg, asf
    }

    static func family(of head: [UInt8]) -> Family? {
        func has(_ bytes: [UInt8], at offset: Int = 0) -> Bool { head.dropFirst(offset).starts(with: bytes) }
        func has(_ text: String, at offset: Int = 0) -> Bool { has(Array(text.utf8), at: offset) }
        if ["ftyp", "moov", "mdat", "wide", "styp"].contains(where: { has($0, at: 4) }) { return .isoMedia }
        if has([0x1A, 0x45, 0xDF, 0xA3]) { return .matroska }
        if has("RIFF"), has("AVI ", at: 8) { return .avi }
        if has("FLV") { return .flv }
        if has("OggS") { return .ogg }
        if has([0x30, 0x26, 0xB2, 0x75]) { return .asf }
        if has([0, 0, 1, 0xBA]) { return .mpegProgram }
        if has([0x47]), has([0x47], at: 188), has([0x47], at: 376) { return .mpegTransport }
        return nil
    }

    /// Where the file should end by its own head; nil where it does not say.
    static func statedByteCount(_ head: [UInt8], family: Family) -> Int? {
        switch family {
        case .avi:
            guard head.count >= 8 else { return nil }
            let size = head[4..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
            // 0 and the largest values are left by recorders that never came back to the head.
            return size > 16 && size < 0x7FFF_0000 ? size + 8 : nil
        case .matroska: return MatroskaHead.end(head)
        default: return nil
        }
    }
}

/// As much of EBML as tells where the segment of a Matroska file ends.
private enum MatroskaHead {
    static func end(_ head: [UInt8]) -> Int? {
        guard let header = element(head, at: 0), let headerSize = header.size else { return nil }
        let start = header.body.addingSaturated(headerSize)
        guard let segment = element(head, at: start), segment.id == 0x1853_8067, let size = segment.size else {
            return nil
        }
        let (end, overflow) = segment.body.addingReportingOverflow(size)
        return overflow ? nil : end
    }

    private static func element(_ bytes: [UInt8], at offset: Int) -> (id: UInt64, body: Int, size: Int?)? {
        guard let id = number(bytes, at: offset, keepsMarker: true, maximum: 4),
            // bound: an offset inside the head and four bytes
            let size = number(bytes, at: offset + id.count, keepsMarker: false, maximum: 8)
        else { return nil }
        let isUnknown = size.value == (UInt64(1) << (7 * UInt64(size.count))) - 1
        // bound: an offset inside the head and twelve bytes
        return (id.value, offset + id.count + size.count, isUnknown ? nil : Int(exactly: size.value))
    }

    /// A variable-length number (RFC 8794 4).
    private static func number(
        _ bytes: [UInt8], at offset: Int, keepsMarker: Bool, maximum: Int
    ) -> (value: UInt64, count: Int)? {
        guard bytes.indices.contains(offset) else { return nil }
        let count = bytes[offset].leadingZeroBitCount + 1
        // bound: an offset inside the head and eight bytes
        guard count <= maximum, offset + count <= bytes.count else { return nil }
        var value = UInt64(bytes[offset])
        if !keepsMarker { value &= (1 << UInt64(8 - count)) - 1 }
        // bound: checked above
        for byte in bytes[offset + 1..<offset + count] { value = value << 8 | UInt64(byte) }
        return (value, count)
    }
}
