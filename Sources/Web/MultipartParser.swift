import Glibc
import HTTP

public enum MultipartError: Error, Sendable, Equatable {
    case noBoundary
    case malformed
    case partHeadTooLarge
    case tooManyParts
    /// The body ended before the closing boundary.
    case truncated
    case fieldTooLarge(name: String, limit: Int)

    var problem: Problem {
        switch self {
        case .noBoundary:
            Problem(.unsupportedMediaType, code: "unsupported_media_type", detail: "Send multipart/form-data.")
        case .malformed, .partHeadTooLarge, .tooManyParts:
            .badRequest(code: "malformed_form", "The multipart form is malformed.")
        case .truncated: .badRequest(code: "truncated_form", "The form ended before its last part did.")
        case .fieldTooLarge(let name, let limit):
            Problem(
                .contentTooLarge, code: "field_too_large", detail: "The field \(name) may have at most \(limit) bytes.")
        }
    }
}

/// Cuts `multipart/form-data` (RFC 7578, RFC 2046 5.1) into parts. Does no I/O: it is fed pieces of any size and gives
/// events; what may be the begin of a boundary is held back until it is known.
struct MultipartParser {
    enum Event: Equatable {
        case part(PartHead)
        case data([UInt8])
        case partEnd
        case end
    }

    private enum State { case preamble, delimiterTail, head, data, finished }

    static let headLimit = 8 << 10
    static let mostParts = 64
    static let preambleLimit = 64 << 10

    /// CRLF, two dashes, the boundary. The first one stands without its CRLF, which is therefore put before the body.
    private let delimiter: [UInt8]
    private var state = State.preamble
    private var buffer: [UInt8] = [ASCIIByte.cr, ASCIIByte.lf]
    private var start = 0
    private var partCount = 0
    /// Of the preamble; the line end that was put before the body is none of it.
    private var skippedByteCount = -2

    init(boundary: String) { delimiter = [ASCIIByte.cr, ASCIIByte.lf] + Array("--\(boundary)".utf8) }

    mutating func feed(_ bytes: [UInt8]) {
        if start == buffer.count {
            buffer = bytes
        } else {
            buffer.removeSubrange(..<start)
            buffer += bytes
        }
        start = 0
    }

    /// The next event, or nil when more bytes are needed.
    mutating func next() throws(MultipartError) -> Event? {
        while true {
            switch state {
            case .preamble:
                guard try skipPreamble() else { return nil }
                state = .delimiterTail
            case .delimiterTail:
                guard let isLast = try takeDelimiterTail() else { return nil }
                state = isLast ? .finished : .head
                if isLast { return .end }
            case .head:
                guard let head = try takeHead() else { return nil }
                partCount += 1
                if partCount > Self.mostParts { throw .tooManyParts }
                state = .data
                return .part(head)
            case .data: return takeData()
            case .finished: return nil
            }
        }
    }

    var isFinished: Bool { state == .finished }

    private mutating func skipPreamble() throws(MultipartError) -> Bool {
        let found = find(delimiter)
        let end = found ?? max(start, buffer.count - delimiter.count + 1)
        skippedByteCount += end - start
        guard skippedByteCount <= Self.preambleLimit else { throw .malformed }
        start = end
        guard found != nil else { return false }
        start += delimiter.count
        return true
    }

    /// Behind a boundary stands `--` at the end of the form, or blanks and a line end.
    private mutating func takeDelimiterTail() throws(MultipartError) -> Bool? {
        let dash = UInt8(ascii: "-")
        guard buffer.count - start >= 2 else { return nil }
        if buffer[start] == dash {
            guard buffer[start + 1] == dash else { throw .malformed }
            return true
        }
        var index = start
        while index < buffer.count, buffer[index] == UInt8(ascii: " ") || buffer[index] == UInt8(ascii: "\t") {
            index += 1
            if index - start > Self.headLimit { throw .malformed }
        }
        guard buffer.count - index >= 2 else { return nil }
        guard buffer[index] == ASCIIByte.cr, buffer[index + 1] == ASCIIByte.lf else { throw .malformed }
        start = index + 2
        return false
    }

    private mutating func takeHead() throws(MultipartError) -> PartHead? {
        // A part without any field has its empty line at once.
        if buffer.count - start >= 2, buffer[start] == ASCIIByte.cr, buffer[start + 1] == ASCIIByte.lf {
            throw .malformed
        }
        guard let end = find([ASCIIByte.cr, ASCIIByte.lf, ASCIIByte.cr, ASCIIByte.lf]) else {
            if buffer.count - start > Self.headLimit { throw .partHeadTooLarge }
            return nil
        }
        if end - start > Self.headLimit { throw .partHeadTooLarge }
        let head = try PartHead(parsing: buffer[start..<end])
        start = end + 4
        return head
    }

    private mutating func takeData() -> Event? {
        if let found = find(delimiter) {
            if found > start {
                defer { start = found }
                return .data(Array(buffer[start..<found]))
            }
            start = found + delimiter.count
            state = .delimiterTail
            return .partEnd
        }
        let safe = max(start, buffer.count - delimiter.count + 1)
        guard safe > start else { return nil }
        defer { start = safe }
        return .data(Array(buffer[start..<safe]))
    }

    /// Where `wanted` begins, from `start` on. It begins with a carriage return, which `memchr` finds fast.
    private func find(_ wanted: [UInt8]) -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            var index = start
            while index + wanted.count <= bytes.count {
                let candidates = bytes.count - wanted.count + 1 - index
                guard let found = memchr(base + index, Int32(ASCIIByte.cr), candidates) else { return nil }
                index = UnsafeRawPointer(found) - base
                if memcmp(base + index, wanted, wanted.count) == 0 { return index }
                index += 1
            }
            return nil
        }
    }
}

enum ASCIIByte {
    static let cr = UInt8(ascii: "\r")
    static let lf = UInt8(ascii: "\n")
}
