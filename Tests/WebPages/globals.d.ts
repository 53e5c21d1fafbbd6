/** What TypeScript's own browser types do not know yet. */
interface ManagedMediaSource extends MediaSource {
  readonly streaming: boolean;
}

declare var ManagedMediaSource:
  | { new (): ManagedMediaSource; isTypeSupported(type: string): boolean }
  | undefined;

interface HTMLVideoElement {
  /** iPhone: only the video itself can fill the screen. */
  webkitEnterFullscreen?: () => void;
}
