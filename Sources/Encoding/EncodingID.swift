import Identifiers

/// What encodings are named by. `App` maps the id of a video to it: the same UUID.
public enum EncodedVideo {}

public typealias EncodingID = Identifier<EncodedVideo>
