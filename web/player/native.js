/** Browsers without Media Source Extensions (old iPhones) play HLS themselves; the same face as `Playback`. */

/** @typedef {import('./playback.js').State} State */
/** @typedef {import('./playback.js').Failure} Failure */

export class NativePlayback extends EventTarget {
  /** @type {Failure | null} */
  failure = null;
  /** @type {unknown} */
  lastError = null;
  renditions = /** @type {import('./feed.js').TrackRendition[]} */ ([]);
  quality = /** @type {string | null} */ (null);
  shown = null;
  automatic = true;
  meter = { estimate: null };
  bufferAhead = 0;
  // Other sounds and the captions within the stream are in the browser's own menu.
  sounds = /** @type {import('./playlist.js').Alternative[]} */ ([]);
  sound = /** @type {import('./playlist.js').Alternative | null} */ (null);
  captions = /** @type {readonly import('./playlist.js').Alternative[]} */ ([]);
  renditionStates = /** @type {{ name: string, state: string }[]} */ ([]);
  #stop = new AbortController();

  /** @param {HTMLVideoElement} video */
  static canPlay(video) {
    return video.canPlayType('application/vnd.apple.mpegurl') !== '';
  }

  /**
   * @param {HTMLVideoElement} video
   * @param {string} url
   * @param {import('./playback.js').PlaybackOptions} options
   */
  constructor(video, url, options) {
    super();
    this.video = video;
    this.url = url;
    this.options = options;
  }

  start() {
    const { signal } = this.#stop;
    for (const name of ['playing', 'waiting', 'pause', 'ended', 'loadedmetadata']) {
      this.video.addEventListener(name, () => this.dispatchEvent(new Event('change')), { signal });
    }
    this.video.addEventListener('error', () => {
      this.failure = 'decode';
      this.dispatchEvent(new Event('change'));
    }, { signal });
    const { startAt = 0 } = this.options;
    this.video.addEventListener('loadedmetadata', () => startAt > 0 && (this.video.currentTime = startAt), {
      once: true,
      signal,
    });
    this.video.src = this.url;
    return Promise.resolve();
  }

  /** @returns {State} */
  get state() {
    if (this.failure) return 'failed';
    if (this.video.ended) return 'ended';
    if (this.video.paused) return this.video.readyState === 0 ? 'loading' : 'paused';
    return this.video.readyState < 3 ? 'buffering' : 'playing';
  }

  captionsFile() {
    return Promise.reject(new Error('the browser reads captions itself'));
  }

  refresh() {
    return Promise.resolve();
  }

  async retry() {
    const at = this.video.currentTime;
    this.failure = null;
    this.url = await this.options.renew().catch(() => this.url);
    this.video.src = this.url;
    this.video.addEventListener('loadedmetadata', () => (this.video.currentTime = at), { once: true });
    this.dispatchEvent(new Event('change'));
  }

  stop() {
    this.#stop.abort();
    this.video.removeAttribute('src');
    this.video.load();
  }
}
