/// libFuzzer's own changes of bytes.
@_extern(c, "LLVMFuzzerMutate")
private func changeBytes(_ start: UnsafeMutablePointer<UInt8>?, _ count: Int, _ limit: Int) -> Int

/// What libFuzzer calls for a new input: mostly changes of boxes, now and then changes of bytes.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutateBoxes(
    _ start: UnsafeMutablePointer<UInt8>?, _ count: Int, _ limit: Int, _ seed: UInt32
) -> Int {
    guard let start, seed % 8 != 0 else { return changeBytes(start, count, limit) }
    var mutator = BoxMutator(Array(UnsafeBufferPointer(start: start, count: count)), seed: seed)
    let bytes = mutator.mutated()
    guard !bytes.isEmpty, bytes.count <= limit else { return changeBytes(start, count, limit) }
    _ = UnsafeMutableBufferPointer(start: start, count: limit).update(fromContentsOf: bytes)
    return bytes.count
}
