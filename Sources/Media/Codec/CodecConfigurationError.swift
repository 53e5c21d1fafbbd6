/// Why a codec's configuration could not be read.
public enum CodecConfigurationError: Error, Sendable, Hashable {
    case truncated
    case malformed
    case unsupported
}
