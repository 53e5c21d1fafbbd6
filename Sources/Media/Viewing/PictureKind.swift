/// Pictures that go with a video.
public enum PictureKind: Sendable, CaseIterable {
    case thumbnail
    /// Small pictures in one, and where each lies in it, in WebVTT.
    case storyboard, storyboardCues
}
