import Media

/// Playlists of both kinds and captions; what is read is rendered and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPlaylist(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    if let master = try? HLS.MasterPlaylist(parsing: text) {
        let again = try? HLS.MasterPlaylist(parsing: master.render())
        precondition(again?.variants.count == master.variants.count && again?.audio.count == master.audio.count)
    }
    if let media = try? HLS.MediaPlaylist(parsing: text) {
        let again = try? HLS.MediaPlaylist(parsing: media.render())
        precondition(again?.segments.count == media.segments.count)
    }
    let captions = WebVTT(parsing: text)
    precondition(WebVTT(parsing: captions.render()) == captions)
    precondition(captions.earlier(by: 1500).cues.count <= captions.cues.count)
    return 0
}
