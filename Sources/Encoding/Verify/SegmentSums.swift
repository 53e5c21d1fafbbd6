import Cryptography

/// By which segments of a rendition are known again: the first eight bytes of the SHA-256 of each as it is stored. Zeros where it
/// is not known.
struct SegmentSums: Sendable, Hashable {
    static let width = 8

    var bytes: [UInt8] = []

    static func sum(of stored: [UInt8]) -> [UInt8] { Array(SHA256.hash(stored).prefix(width)) }

    subscript(number: Int) -> [UInt8]? {
        get {
            let place = number * Self.width  // bound: a number of the plan
            guard number >= 0, bytes.count >= place + Self.width else { return nil }
            let sum = Array(bytes[place..<place + Self.width])
            return sum.allSatisfy { $0 == 0 } ? nil : sum
        }
        set {
            let place = number * Self.width  // bound: a number of the plan
            guard number >= 0, newValue == nil || newValue?.count == Self.width else { return }
            while bytes.count < place + Self.width { bytes.append(0) }
            for index in 0..<Self.width { bytes[place + index] = newValue?[index] ?? 0 }
        }
    }
}
