import CQREncode

/// A QR code (ISO/IEC 18004) of a text, with error correction of level M.
public struct QRCode: Sendable {
    /// Modules without a mark around the code (ISO/IEC 18004 6.3.8).
    private static let quietZone = 4

    /// Modules in a row, and rows.
    public let width: Int
    /// Whether each module is dark, row by row.
    private let modules: [Bool]

    /// - Throws: `SecurityError.library` for a text of more than 2,331 bytes.
    public init(_ text: String) throws(SecurityError) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty,
            let code = QRcode_encodeData(Int32(clamping: bytes.count), bytes, 0, QR_ECLEVEL_M)
        else { throw SecurityError(.library, "libqrencode makes no QR code of \(bytes.count) bytes") }
        defer { QRcode_free(code) }
        width = Int(code.pointee.width)
        // The lowest bit of each byte is the module; the others tell what it is for.
        modules = UnsafeBufferPointer(start: code.pointee.data, count: width * width).map { $0 & 1 == 1 }
    }

    public func isDark(row: Int, column: Int) -> Bool { modules[row * width + column] }

    /// The code as an image of one path: black on white whatever is around it, as readers want it.
    public var svg: String {
        let side = width + 2 * Self.quietZone
        return
            ##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \##(side) \##(side)" shape-rendering="crispEdges">"##
            + ##"<path fill="#fff" d="M0 0h\##(side)v\##(side)H0z"/><path d="\##(path)"/></svg>"##
    }

    /// A box for each run of dark modules of a row.
    private var path: String {
        var path = ""
        for row in 0..<width {
            var column = 0
            while column < width {
                guard isDark(row: row, column: column) else {
                    column += 1
                    continue
                }
                let start = column
                while column < width, isDark(row: row, column: column) { column += 1 }
                let length = column - start
                path += "M\(start + Self.quietZone) \(row + Self.quietZone)h\(length)v1h-\(length)z"
            }
        }
        return path
    }
}
