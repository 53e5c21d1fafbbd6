/** Opens a MediaSource on a video element: the managed one where the browser has it (Safari, WebKitGTK). */

/** @returns {typeof MediaSource | null} null: this browser has none */
export function mediaSourceClass() {
  const scope =
    /** @type {{ ManagedMediaSource?: typeof MediaSource, MediaSource?: typeof MediaSource }} */ (globalThis);
  return scope.ManagedMediaSource ?? scope.MediaSource ?? null;
}

export class OpenedSource {
  #video;
  #url;

  /**
   * @param {HTMLVideoElement} video
   * @param {MediaSource} source
   * @param {string} url
   */
  constructor(video, source, url) {
    this.#video = video;
    this.#url = url;
    this.source = source;
  }

  /**
   * @param {HTMLVideoElement} video
   * @param {AbortSignal} signal
   */
  static async open(video, signal) {
    const Source = mediaSourceClass();
    if (!Source) throw new Error('no Media Source Extensions');
    const source = new Source();
    // A managed source opens only where playing on another device is ruled out, or offered a second way.
    if ('ManagedMediaSource' in globalThis) video.disableRemotePlayback = true;
    const url = URL.createObjectURL(source);
    const opened = new OpenedSource(video, source, url);
    await new Promise((resolve, reject) => {
      source.addEventListener('sourceopen', resolve, { once: true, signal });
      signal.addEventListener('abort', reject, { once: true });
      video.src = url;
    });
    return opened;
  }

  /** A managed source says when it wants data; the plain one always does. */
  get wantsData() {
    return /** @type {{ streaming?: boolean }} */ (this.source).streaming !== false;
  }

  /**
   * @param {() => void} listener
   * @param {AbortSignal} signal
   */
  onDemand(listener, signal) {
    this.source.addEventListener('startstreaming', listener, { signal });
    this.source.addEventListener('endstreaming', listener, { signal });
  }

  /**
   * What grows is longer than it was.
   * @param {number} end seconds
   */
  stretch(end) {
    const { source } = this;
    if (source.readyState !== 'open' || !(end > source.duration)) return;
    if ([...source.sourceBuffers].every((buffer) => !buffer.updating)) source.duration = end;
  }

  close() {
    URL.revokeObjectURL(this.#url);
    if (this.#video.src === this.#url) {
      this.#video.removeAttribute('src');
      this.#video.load();
    }
  }
}
