/** What TypeScript's own browser types do not know yet. */
interface ManagedMediaSource extends MediaSource {
  readonly streaming: boolean;
}

interface HTMLVideoElement {
  /** iPhone: only the video itself can fill the screen. */
  webkitEnterFullscreen?: () => void;
}
