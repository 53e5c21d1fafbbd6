/**
 * What a player in a frame and the page around it tell each other, version 1: docs/embedding.md. Pages of origins that the server does
 * not allow are neither heard nor told anything.
 */

/** Every message says it, so that a later version can be told from this one. */
export const version = 1;

/** @typedef {'ready' | 'play' | 'pause' | 'timeupdate' | 'ended' | 'error'} EventName */
/** @typedef {{ palco: number, method: string, value?: unknown, id?: string | number }} Question */
/**
 * @typedef {object} Video the parts of a video element that are used
 * @property {number} currentTime
 * @property {number} duration
 * @property {boolean} paused
 * @property {boolean} ended
 * @property {boolean} muted
 * @property {number} volume
 * @property {() => Promise<void>} play
 * @property {() => void} pause
 * @property {(name: string, listener: () => void) => void} addEventListener
 */
/** @typedef {EventTarget & { player: { video: Video, seekTo: (time: number) => void, setVolume: (volume: number) => void, addEventListener?: (name: string, listener: (event: Event) => void) => void } | null, startAt: number | null, begin: () => Promise<void> }} Stage */

export class FrameMessages {
  /** @type {string | null} of the page around, once it is known to be allowed */
  #origin = null;
  /** What was asked for before the player was there. @type {{ volume?: number, muted?: boolean }} */
  #wishes = {};

  /**
   * @param {Stage} stage
   * @param {string[]} allowed origins
   * @param {Window} [frame] this one
   */
  constructor(stage, allowed, frame = globalThis.window) {
    this.stage = stage;
    this.allowed = allowed;
    this.frame = frame;
    const parent = originOfParent(frame);
    if (parent !== null && allowed.includes(parent)) this.#origin = parent;
  }

  listen() {
    this.frame.addEventListener('message', (event) => this.#hear(event));
    this.stage.addEventListener('player', () => this.#watch());
    this.stage.addEventListener('trouble', (event) => {
      this.tell('error', { code: /** @type {CustomEvent<string>} */ (event).detail });
    });
    this.stage.addEventListener('locked', () => this.tell('error', { code: 'share_locked' }));
  }

  /**
   * @param {EventName} event
   * @param {Record<string, unknown>} [more]
   */
  tell(event, more = {}) {
    this.#send({ event, ...this.#state(), ...more });
  }

  /** @param {Record<string, unknown>} message */
  #send(message) {
    // By its origin, so that a page that came into its place hears nothing.
    if (this.#origin !== null) this.frame.parent.postMessage({ palco: version, ...message }, this.#origin);
  }

  /** @param {MessageEvent} event */
  #hear({ data, origin, source }) {
    if (source !== this.frame.parent || !this.allowed.includes(origin)) return;
    if (data === null || typeof data !== 'object' || data.palco !== version) return;
    const { method, value, id } = /** @type {Question} */ (data);
    if (typeof method !== 'string') return;
    this.#origin = origin;
    const error = this.#act(method, value);
    if (id === undefined) return;
    this.#send(error === null ? { id, result: this.#state() } : { id, error });
  }

  /**
   * @param {string} method
   * @param {unknown} value
   * @returns {string | null} a code for why it was not done
   */
  #act(method, value) {
    const { player } = this.stage;
    switch (method) {
      case 'play':
        if (player) player.video.play().catch(() => this.tell('error', { code: 'play_refused' }));
        else void this.stage.begin();
        return null;
      case 'pause':
        player?.video.pause();
        return null;
      case 'seek':
        if (!isNumber(value) || value < 0) return 'bad_value';
        if (player) player.seekTo(value);
        else this.stage.startAt = value;
        return null;
      case 'setVolume':
        if (!isNumber(value) || value < 0 || value > 1) return 'bad_value';
        this.#wish({ volume: value });
        return null;
      case 'setMuted':
        if (typeof value !== 'boolean') return 'bad_value';
        this.#wish({ muted: value });
        return null;
      case 'getState':
        return null;
      default:
        return 'unknown_method';
    }
  }

  /** @param {{ volume?: number, muted?: boolean }} wish */
  #wish(wish) {
    this.#wishes = { ...this.#wishes, ...wish };
    const { player } = this.stage;
    if (!player) return;
    const { volume, muted } = this.#wishes;
    if (volume !== undefined) player.setVolume(volume);
    if (muted !== undefined) player.video.muted = muted;
    this.#wishes = {};
  }

  #watch() {
    const video = this.stage.player?.video;
    if (!video) return;
    this.#wish({});
    for (const name of /** @type {const} */ (['play', 'pause', 'timeupdate', 'ended'])) {
      video.addEventListener(name, () => this.tell(name));
    }
    this.stage.player?.addEventListener?.('palco-state', (/** @type {Event} */ event) => {
      const { state } = /** @type {CustomEvent<{ state: string }>} */ (event).detail;
      if (state === 'failed') this.tell('error', { code: 'playback_failed' });
    });
  }

  #state() {
    const video = this.stage.player?.video;
    return {
      started: video !== undefined,
      position: video?.currentTime ?? this.stage.startAt ?? 0,
      duration: video && Number.isFinite(video.duration) ? video.duration : null,
      paused: video?.paused ?? true,
      ended: video?.ended ?? false,
      muted: video?.muted ?? this.#wishes.muted ?? false,
      volume: video?.volume ?? this.#wishes.volume ?? 1,
    };
  }
}

/** @param {unknown} value @returns {value is number} */
function isNumber(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

/**
 * Null where there is none, or the browser does not say: the page around is then known by its first message.
 * @param {Window} frame
 * @returns {string | null}
 */
function originOfParent(frame) {
  if (frame.parent === frame) return null;
  const ancestors = frame.location.ancestorOrigins;
  if (ancestors && ancestors.length > 0) return ancestors[0];
  return URL.parse(frame.document.referrer)?.origin ?? null;
}
