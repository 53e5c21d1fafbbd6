extension HLS {
    /// A master playlist: renditions to choose from (RFC 8216 4.3.4).
    public struct MasterPlaylist: Sendable, Hashable {
        public struct Resolution: Sendable, Hashable {
            public var width: Int
            public var height: Int

            public init(width: Int, height: Int) {
                self.width = width
                self.height = height
            }
        }

        public struct Variant: Sendable, Hashable {
            public var uri: String
            /// Bits a second: the highest of any stretch of segments, sound included.
            public var bandwidth: Int
            public var averageBandwidth: Int?
            /// Of picture and sound: `avc1.64001F`, `mp4a.40.2`.
            public var codecs: [String]
            public var resolution: Resolution?
            /// Frames a second, written with three places.
            public var frameRate: Double?
            public var audioGroup: String?
            public var subtitlesGroup: String?

            public init(
                uri: String, bandwidth: Int, averageBandwidth: Int? = nil, codecs: [String],
                resolution: Resolution? = nil, frameRate: Double? = nil, audioGroup: String? = nil,
                subtitlesGroup: String? = nil
            ) {
                self.uri = uri
                self.bandwidth = bandwidth
                self.averageBandwidth = averageBandwidth
                self.codecs = codecs
                self.resolution = resolution
                self.frameRate = frameRate
                self.audioGroup = audioGroup
                self.subtitlesGroup = subtitlesGroup
            }
        }

        public struct AudioRendition: Sendable, Hashable {
            public var groupID: String
            public var name: String
            /// RFC 5646; nil if not known.
            public var language: String?
            public var uri: String
            public var isDefault: Bool
            public var channelCount: Int?
            /// Tells those who do not see what there is to see.
            public var isDescription: Bool

            public init(
                groupID: String, name: String, language: String? = nil, uri: String, isDefault: Bool = true,
                channelCount: Int? = nil, isDescription: Bool = false
            ) {
                self.groupID = groupID
                self.name = name
                self.language = language
                self.uri = uri
                self.isDefault = isDefault
                self.channelCount = channelCount
                self.isDescription = isDescription
            }
        }

        public struct SubtitlesRendition: Sendable, Hashable {
            public var groupID: String
            public var name: String
            /// RFC 5646; nil if not known.
            public var language: String?
            public var uri: String
            /// Meant for all viewers.
            public var isForced: Bool
            /// Tells of sounds too.
            public var isForDeaf: Bool

            public init(
                groupID: String, name: String, language: String? = nil, uri: String, isForced: Bool = false,
                isForDeaf: Bool = false
            ) {
                self.groupID = groupID
                self.name = name
                self.language = language
                self.uri = uri
                self.isForced = isForced
                self.isForDeaf = isForDeaf
            }
        }

        /// A list of keyframes, for scrubbing and fast motion (RFC 8216 4.3.4.3).
        public struct KeyframeVariant: Sendable, Hashable {
            public var uri: String
            public var bandwidth: Bandwidth
            public var codec: String
            public var resolution: Resolution

            public init(uri: String, bandwidth: Bandwidth, codec: String, resolution: Resolution) {
                self.uri = uri
                self.bandwidth = bandwidth
                self.codec = codec
                self.resolution = resolution
            }
        }

        public var variants: [Variant]
        public var keyframes: [KeyframeVariant]
        public var audio: [AudioRendition]
        public var subtitles: [SubtitlesRendition]

        public init(
            variants: [Variant], keyframes: [KeyframeVariant] = [], audio: [AudioRendition] = [],
            subtitles: [SubtitlesRendition] = []
        ) {
            self.variants = variants
            self.keyframes = keyframes
            self.audio = audio
            self.subtitles = subtitles
        }

        public func render() -> String {
            var text = "#EXTM3U\n#EXT-X-VERSION:\(HLS.version)\n#EXT-X-INDEPENDENT-SEGMENTS\n"
            for rendition in audio { text += "#EXT-X-MEDIA:\(Self.attributes(of: rendition).text)\n" }
            for rendition in subtitles { text += "#EXT-X-MEDIA:\(Self.attributes(of: rendition).text)\n" }
            for variant in variants {
                text += "#EXT-X-STREAM-INF:\(Self.attributes(of: variant).text)\n\(variant.uri)\n"
            }
            for variant in keyframes { text += "#EXT-X-I-FRAME-STREAM-INF:\(Self.attributes(of: variant).text)\n" }
            return text
        }

        private static func attributes(of rendition: AudioRendition) -> AttributeList {
            var attributes = AttributeList()
            attributes.set("TYPE", "AUDIO")
            attributes.set("GROUP-ID", quoted: rendition.groupID)
            attributes.set("NAME", quoted: rendition.name)
            if let language = rendition.language { attributes.set("LANGUAGE", quoted: language) }
            attributes.set("DEFAULT", rendition.isDefault ? "YES" : "NO")
            attributes.set("AUTOSELECT", "YES")
            if rendition.isDescription {
                attributes.set("CHARACTERISTICS", quoted: Self.description)
            }
            if let channels = rendition.channelCount { attributes.set("CHANNELS", quoted: String(channels)) }
            attributes.set("URI", quoted: rendition.uri)
            return attributes
        }

        private static let description = "public.accessibility.describes-video"
        private static let forDeaf =
            "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"

        private static func attributes(of rendition: SubtitlesRendition) -> AttributeList {
            var attributes = AttributeList()
            attributes.set("TYPE", "SUBTITLES")
            attributes.set("GROUP-ID", quoted: rendition.groupID)
            attributes.set("NAME", quoted: rendition.name)
            if let language = rendition.language { attributes.set("LANGUAGE", quoted: language) }
            // Nobody is shown text who did not ask for it.
            attributes.set("DEFAULT", "NO")
            attributes.set("AUTOSELECT", "YES")
            attributes.set("FORCED", rendition.isForced ? "YES" : "NO")
            if rendition.isForDeaf { attributes.set("CHARACTERISTICS", quoted: Self.forDeaf) }
            attributes.set("URI", quoted: rendition.uri)
            return attributes
        }

        private static func attributes(of variant: KeyframeVariant) -> AttributeList {
            var attributes = AttributeList()
            attributes.set("BANDWIDTH", String(variant.bandwidth.peak))
            attributes.set("AVERAGE-BANDWIDTH", String(variant.bandwidth.average))
            attributes.set("CODECS", quoted: variant.codec)
            attributes.set("RESOLUTION", "\(variant.resolution.width)x\(variant.resolution.height)")
            attributes.set("URI", quoted: variant.uri)
            return attributes
        }

        private static func attributes(of variant: Variant) -> AttributeList {
            var attributes = AttributeList()
            attributes.set("BANDWIDTH", String(variant.bandwidth))
            if let average = variant.averageBandwidth { attributes.set("AVERAGE-BANDWIDTH", String(average)) }
            if !variant.codecs.isEmpty { attributes.set("CODECS", quoted: variant.codecs.joined(separator: ",")) }
            if let resolution = variant.resolution {
                attributes.set("RESOLUTION", "\(resolution.width)x\(resolution.height)")
            }
            if let rate = variant.frameRate, rate > 0, rate < 100_000 {
                let thousandths = Int64(clamping: (rate * 1000).rounded())
                let text = MediaTime(ticks: thousandths, timescale: 1000).decimalSeconds
                attributes.set("FRAME-RATE", String(text.dropLast(3)))
            }
            if let group = variant.audioGroup { attributes.set("AUDIO", quoted: group) }
            if let group = variant.subtitlesGroup { attributes.set("SUBTITLES", quoted: group) }
            return attributes
        }
    }
}

extension HLS.MasterPlaylist {
    /// Reads the tags that `render` writes and passes over all others.
    public init(parsing text: String) throws(HLS.ParseError) {
        self.init(variants: [])
        var pending: Variant?
        for line in try HLS.lines(of: text) {
            guard line.text.first == "#" else {
                guard var variant = pending else { throw .malformed(line: line.number) }
                variant.uri = String(line.text)
                variants.append(variant)
                pending = nil
                continue
            }
            if line.text.hasPrefix("#EXT-X-STREAM-INF:") {
                pending = HLS.AttributeList(parsing: line.text.dropFirst(18)).flatMap(Self.variant)
                guard pending != nil else { throw .malformed(line: line.number) }
            } else if line.text.hasPrefix("#EXT-X-I-FRAME-STREAM-INF:") {
                guard let variant = HLS.AttributeList(parsing: line.text.dropFirst(26)).flatMap(Self.keyframes) else {
                    throw .malformed(line: line.number)
                }
                keyframes.append(variant)
            } else if line.text.hasPrefix("#EXT-X-MEDIA:") {
                guard let attributes = HLS.AttributeList(parsing: line.text.dropFirst(13)) else {
                    throw .malformed(line: line.number)
                }
                guard add(attributes) else { throw .malformed(line: line.number) }
            }
        }
    }

    /// False where something is missing in it.
    private mutating func add(_ media: HLS.AttributeList) -> Bool {
        let type = media["TYPE"]
        guard type == "AUDIO" || type == "SUBTITLES" else { return true }
        guard let group = media.quoted("GROUP-ID"), let name = media.quoted("NAME"), let uri = media.quoted("URI")
        else { return false }
        let (language, characteristics) = (media.quoted("LANGUAGE"), media.quoted("CHARACTERISTICS"))
        if type == "AUDIO" {
            audio.append(
                AudioRendition(
                    groupID: group, name: name, language: language, uri: uri, isDefault: media["DEFAULT"] == "YES",
                    channelCount: media.quoted("CHANNELS").flatMap { Int($0) },
                    isDescription: characteristics == Self.description))
        } else {
            subtitles.append(
                SubtitlesRendition(
                    groupID: group, name: name, language: language, uri: uri, isForced: media["FORCED"] == "YES",
                    isForDeaf: characteristics == Self.forDeaf))
        }
        return true
    }

    private static func keyframes(_ attributes: HLS.AttributeList) -> KeyframeVariant? {
        guard let peak = attributes["BANDWIDTH"].flatMap({ Int($0) }), let uri = attributes.quoted("URI"),
            let average = attributes["AVERAGE-BANDWIDTH"].flatMap({ Int($0) }),
            let codec = attributes.quoted("CODECS"), let resolution = resolution(attributes)
        else { return nil }
        return KeyframeVariant(
            uri: uri, bandwidth: HLS.Bandwidth(peak: peak, average: average), codec: codec, resolution: resolution)
    }

    private static func resolution(_ attributes: HLS.AttributeList) -> Resolution? {
        let size = attributes["RESOLUTION"]?.split(separator: "x").compactMap { Int($0) } ?? []
        return size.count == 2 ? Resolution(width: size[0], height: size[1]) : nil
    }

    private static func variant(_ attributes: HLS.AttributeList) -> Variant? {
        guard let bandwidth = attributes["BANDWIDTH"].flatMap({ Int($0) }) else { return nil }
        return Variant(
            uri: "", bandwidth: bandwidth, averageBandwidth: attributes["AVERAGE-BANDWIDTH"].flatMap { Int($0) },
            codecs: attributes.quoted("CODECS")?.split(separator: ",").map(String.init) ?? [],
            resolution: resolution(attributes),
            frameRate: attributes["FRAME-RATE"].flatMap { Double($0) }, audioGroup: attributes.quoted("AUDIO"),
            subtitlesGroup: attributes.quoted("SUBTITLES"))
    }
}
