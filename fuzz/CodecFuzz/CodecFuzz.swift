import Media

/// The decoder configurations of all codecs, and a sample that is looked through for an IDR picture.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCodec(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    if let parameters = try? AVCSequenceParameters(bytes) {
        precondition(parameters.width > 0 && parameters.height > 0)
    }
    if let configuration = try? AVCConfiguration(bytes) {
        _ = try? configuration.sequenceParameters()
        _ = configuration.isIDR(bytes)
        _ = CodecString.avc(configuration)
    }
    if let configuration = try? HEVCConfiguration(bytes) { _ = CodecString.hevc(configuration) }
    if let configuration = try? AudioSpecificConfiguration(bytes) { _ = CodecString.aac(configuration) }
    return 0
}
