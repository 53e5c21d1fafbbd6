extension BoxWriter {
    /// A visual sample entry (ISO/IEC 14496-12 12.1.3) with its decoder configuration, `colr` and `pasp`.
    mutating func writeSampleEntry(_ video: VideoFormat) {
        box(video.sampleEntry) { box in
            box.zeros(6)
            box.uint16(1)
            box.zeros(16)
            box.uint16(UInt16(clamping: video.width))
            box.uint16(UInt16(clamping: video.height))
            box.uint32(0x48_0000)
            box.uint32(0x48_0000)
            box.zeros(4)
            box.uint16(1)
            box.zeros(32)
            box.uint16(0x18)
            box.uint16(0xFFFF)
            switch video.codec {
            case .avc(let configuration): box.box("avcC") { $0.raw(configuration.bytes) }
            case .hevc(let configuration): box.box("hvcC") { $0.raw(configuration.bytes) }
            case .other: break
            }
            if let color = video.color {
                box.box("colr") { box in
                    box.fourCC("nclx")
                    box.uint16(color.primaries)
                    box.uint16(color.transfer)
                    box.uint16(color.matrix)
                    box.uint8(color.isFullRange ? 0x80 : 0)
                }
            }
            if let ratio = video.pixelAspectRatio {
                box.box("pasp") { box in
                    box.uint32(ratio.horizontal)
                    box.uint32(ratio.vertical)
                }
            }
        }
    }

    /// An audio sample entry (12.2.3) with `esds`.
    mutating func writeSampleEntry(_ audio: AudioFormat) {
        box(audio.sampleEntry) { box in
            box.zeros(6)
            box.uint16(1)
            box.zeros(8)
            box.uint16(UInt16(clamping: audio.channelCount))
            box.uint16(16)
            box.zeros(4)
            // 16.16: a rate that does not fit is left to the descriptor.
            box.uint32(audio.sampleRate <= 0xFFFF ? UInt32(clamping: audio.sampleRate) << 16 : 0)
            guard case .aac(let configuration) = audio.codec else { return }
            box.fullBox("esds") { $0.writeDescriptors(configuration.bytes) }
        }
    }

    /// ES, decoder configuration, decoder specific and SL descriptors (ISO/IEC 14496-1 7.2.6).
    private mutating func writeDescriptors(_ specific: [UInt8]) {
        let configurationBytes = 13 + 5 + specific.count
        writeDescriptor(0x03, byteCount: 3 + 5 + configurationBytes + 5 + 1)
        uint16(1)
        uint8(0)
        writeDescriptor(0x04, byteCount: configurationBytes)
        uint8(0x40)
        uint8(0x15)
        uint24(0)
        uint32(0)
        uint32(0)
        writeDescriptor(0x05, byteCount: specific.count)
        raw(specific)
        writeDescriptor(0x06, byteCount: 1)
        uint8(2)
    }

    private mutating func writeDescriptor(_ tag: UInt8, byteCount: Int) {
        uint8(tag)
        for shift in [21, 14, 7] { uint8(UInt8(byteCount >> shift & 0x7F) | 0x80) }
        uint8(UInt8(byteCount & 0x7F))
    }
}
