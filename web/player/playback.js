/** Plays a feed in a video element: tracks, adaptation, trouble and what the controls need to know. */
import { ThroughputMeter } from './adaptation.js';
import { aheadOf, BufferGoal, rangesOf, segmentAt } from './buffer.js';
import { OpenedSource } from './media-source.js';
import { failureFrom, isNetwork, LoadError, pause, untilAnswered } from './retry.js';
import { Selection } from './selection.js';
import { Sink } from './sink.js';
import { TrackLoader } from './track-loader.js';
import { chooseSound } from './tracks.js';
import { Watchdog } from './watchdog.js';

/** @typedef {import('./feed.js').TrackRendition} TrackRendition */
/** @typedef {import('./playlist.js').Alternative} Alternative */
/** @typedef {'loading' | 'playing' | 'paused' | 'buffering' | 'preparing' | 'reconnecting' | 'ended' | 'failed'} State */
/** @typedef {'unsupported' | 'expired' | 'missing' | 'server' | 'decode' | 'unexpected'} Failure */
/**
 * @typedef {object} PlaybackOptions
 * @property {() => Promise<string>} renew answers a fresh URL of the master playlist
 * @property {number} [startAt] seconds
 * @property {number | null} [throughput] measured earlier on this device, bits per second
 * @property {() => number} [lines] height of the picture on the screen in device pixels
 * @property {string | null} [quality] the viewer's choice, null: automatic
 * @property {import('./tracks.js').Wish | null} [sound] what the viewer chose in another film
 */

const now = () => performance.now() / 1000;

/** @typedef {import('./track-loader.js').Host} Host */
/**
 * Fires `change` when anything below may have changed.
 * @implements {Host}
 */
export class Playback extends EventTarget {
  /** @type {TrackLoader[]} */
  loaders = [];
  /** @type {Failure | null} */
  failure = null;
  /** @type {unknown} what went wrong last, got over or not */
  lastError = null;
  meter = new ThroughputMeter();
  goal = new BufferGoal();
  #watchdog;
  /** @type {{ name: string, sound: Alternative }[]} */
  #sounds = [];
  #stop = new AbortController();
  /** @type {AbortController} of one MediaSource; a damaged one is replaced */
  #session = new AbortController();
  /** @type {OpenedSource | null} */
  #source = null;
  #startAt;
  /** @type {number[]} when */
  #rebuilds = [];
  #rebuilding = false;
  #resumes = false;
  #starvedSince = /** @type {number | null} */ (null);
  #renewing = /** @type {Promise<void> | null} */ (null);
  #openTrouble = /** @type {LoadError | null} */ (null);

  /**
   * @param {HTMLVideoElement} video
   * @param {import('./feed.js').MediaFeed} feed
   * @param {PlaybackOptions} options
   */
  constructor(video, feed, options) {
    super();
    this.video = video;
    this.feed = feed;
    this.options = options;
    this.#startAt = options.startAt ?? 0;
    this.selection = new Selection(this, options.quality ?? null);
    this.#watchdog = new Watchdog(video);
  }

  async start() {
    const { signal } = this.#stop;
    const again = () => this.#wakeAll();
    for (const name of ['timeupdate', 'ratechange', 'progress']) {
      this.video.addEventListener(name, again, { signal });
    }
    for (const name of ['playing', 'waiting', 'pause', 'ended', 'stalled']) {
      this.video.addEventListener(name, () => this.#changed(), { signal });
    }
    this.video.addEventListener('play', () => (this.goal.started = true), { signal });
    this.video.addEventListener('seeking', () => this.loaders.forEach((loader) => loader.seeked()), {
      signal,
    });
    this.video.addEventListener('error', () => this.#damaged(), { signal });
    globalThis.addEventListener('online', again, { signal });
    const timer = setInterval(() => this.#tick(), 250);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    try {
      this.tracks = await this.#open(signal);
    } catch (error) {
      return this.fail(error);
    }
    await this.#begin(false);
  }

  stop() {
    this.#stop.abort();
    this.#session.abort();
    this.#source?.close();
  }

  /** @param {AbortSignal} signal */
  async #open(signal) {
    const tracks = await this.#patiently(() => this.feed.open(signal), signal, (error) => {
      this.#openTrouble = error;
      this.#changed();
    });
    this.#openTrouble = null;
    this.#sounds = tracks.flatMap(({ renditions }) =>
      renditions.flatMap(({ name, sound }) => sound === undefined ? [] : [{ name, sound }])
    );
    this.selection.sound = this.#nameOf(this.sound ?? chooseSound(this.sounds, this.options.sound ?? null));
    return tracks;
  }

  /**
   * @template T
   * @param {() => Promise<T>} ask
   * @param {AbortSignal} signal
   * @param {(error: LoadError) => void} [troubled]
   */
  #patiently(ask, signal, troubled) {
    return untilAnswered(ask, { signal, renew: () => this.renew(), troubled });
  }

  /** @param {AbortSignal} signal of the session that this begins */
  async #build(signal) {
    const opened = await OpenedSource.open(this.video, signal);
    this.#source = opened;
    opened.onDemand(() => this.#wakeAll(), signal);
    const { source } = opened;
    if (this.#startAt > 0) {
      const jump = () => (this.video.currentTime = this.#startAt);
      if (this.video.readyState > 0) jump();
      else this.video.addEventListener('loadedmetadata', jump, { once: true, signal });
    }
    this.loaders = (this.tracks ?? []).map((track) => {
      const { mime } = track.renditions[0];
      return new TrackLoader(this, track, new Sink(source, mime));
    });
    source.duration = await this.#duration(signal);
    for (const loader of this.loaders) {
      loader.run(signal).catch((error) => this.fail(error));
    }
  }

  /** @param {AbortSignal} signal */
  async #duration(signal) {
    const lengths = await Promise.all(this.loaders.map((loader) =>
      this.#patiently(async () => {
        const rendition = loader.track.renditions[Math.max(0, this.selection.choose(loader))];
        const last = (await this.feed.timeline(rendition, signal)).at(-1);
        return last ? last.start + last.duration : 0;
      }, signal)
    ));
    return Math.max(...lengths);
  }

  // What the loaders ask.

  get time() {
    return this.#startAt > 0 && this.video.readyState === 0 ? this.#startAt : this.video.currentTime;
  }

  get playbackRate() {
    return this.video.playbackRate;
  }

  /** A managed source may go on saying that it has enough when the playhead jumped out of what it has. */
  get wantsData() {
    return this.#source !== null && this.failure === null && (this.#source.wantsData || this.bufferAhead < 3);
  }

  get automatic() {
    return this.selection.quality === null;
  }

  /** @param {{ name: string, state: string }[]} renditions */
  set renditionStates(renditions) {
    this.selection.states = renditions;
    this.#wakeAll();
  }

  /** One fresh grant for all that found theirs expired. */
  renew() {
    this.#renewing ??= (async () => {
      try {
        await this.feed.renew(await this.options.renew(), this.#stop.signal);
      } catch (error) {
        const kind = /** @type {{ status?: number }} */ (error)?.status;
        if (kind === 401 || kind === 403) this.#giveUp(new LoadError('expired', { status: kind }));
        else if (kind === 404) this.#giveUp(new LoadError('missing', { status: kind }));
        else await pause(2, this.#stop.signal);
      } finally {
        this.#renewing = null;
      }
    })();
    return this.#renewing;
  }

  troubled() {
    this.#changed();
  }

  progressed() {
    this.#openTrouble = null;
    const source = this.#source?.source;
    if (source?.readyState === 'open' && this.loaders.every((loader) => loader.finished)) {
      Promise.all(this.loaders.map((loader) => loader.sink.idle())).then(() => {
        if (source.readyState === 'open' && this.loaders.every((loader) => loader.finished)) {
          source.endOfStream();
        }
      }).catch(() => {}); // A SourceBuffer began anew in between: the next progress asks again.
    }
    this.#changed();
  }

  /** @param {unknown} error */
  fail(error) {
    if (this.#stop.signal.aborted || this.failure) return;
    this.lastError = error;
    const isMissing = error instanceof LoadError && error.kind === 'missing';
    if ((isMissing || !(error instanceof LoadError)) && this.#rebuild(isMissing)) return;
    this.#giveUp(error);
  }

  /** @param {unknown} error */
  #giveUp(error) {
    if (this.#stop.signal.aborted || this.failure) return;
    this.lastError = error;
    this.failure = failureFrom(error);
    this.#session.abort();
    console.error('Playback stopped:', error);
    this.#changed();
  }

  #damaged() {
    if (this.video.error && this.#source) this.fail(this.video.error);
  }

  /**
   * A decoder or a source in a bad state gets another chance where it stood, three times a minute.
   * @param {boolean} reopens the renditions may have been replaced by others
   */
  #rebuild(reopens) {
    if (this.#rebuilding) return true;
    const recent = this.#rebuilds.filter((time) => now() - time < 60);
    if (recent.length >= 3 || !this.tracks) return false;
    this.#rebuilds = [...recent, now()];
    this.#startAt = this.time;
    this.#resumes ||= !this.video.paused;
    this.#session.abort();
    this.#rebuilding = true;
    pause(recent.length, this.#stop.signal).then(async () => {
      this.#rebuilding = false;
      if (reopens) {
        await this.renew();
        this.selection.forgive();
        this.tracks = await this.#open(this.#stop.signal);
      }
      return this.#begin(this.#resumes);
    }).catch((error) => this.fail(error));
    return true;
  }

  /**
   * Begins anew with another MediaSource.
   * @param {boolean} plays
   */
  async #begin(plays) {
    if (this.#stop.signal.aborted) return;
    this.#session.abort();
    this.#source?.close();
    const { signal } = this.#session = new AbortController();
    try {
      await this.#build(signal);
    } catch (error) {
      return signal.aborted ? undefined : this.fail(error);
    }
    if (!plays) return;
    // Not before there is a picture: WebKitGTK stumbles over a start and a seek at the same time. And not to play is no
    // failure: somebody may have pressed pause, or the browser asks for a click.
    const play = () => {
      this.#resumes = false;
      this.video.play().catch(() => {});
    };
    this.video.addEventListener('canplay', play, { once: true, signal });
  }

  /** After a failure the viewer may ask for another try. */
  retry() {
    this.failure = null;
    this.#rebuilds = [];
    this.#startAt = this.time || this.#startAt;
    this.selection.forgive();
    this.#changed();
    this.#resumes = true;
    if (this.tracks) return void this.#begin(true);
    this.#open(this.#stop.signal).then((tracks) => {
      this.tracks = tracks;
      return this.#begin(true);
    }).catch((error) => this.fail(error));
  }

  // What the controls ask.

  get pictures() {
    return this.loaders.find((loader) => loader.track.kind === 'video') ?? null;
  }

  /** @returns {TrackRendition[]} highest first */
  get renditions() {
    return [...(this.pictures?.track.renditions ?? [])].reverse();
  }

  /** The rendition on the screen now. */
  get shown() {
    const loader = this.pictures;
    if (!loader || loader.segments.length === 0) return null;
    return loader.renditionAt(segmentAt(loader.segments, this.video.currentTime));
  }

  get quality() {
    return this.selection.quality;
  }

  set quality(name) {
    if (name === this.quality) return;
    this.selection.quality = name;
    const loader = this.pictures;
    if (loader && name !== null && name !== this.shown?.name) loader.replace();
    this.#changed();
  }

  /** @returns {Alternative[]} all that one may choose from */
  get sounds() {
    return this.#sounds.map(({ sound }) => sound);
  }

  /** @returns {Alternative | null} */
  get sound() {
    return this.#sounds.find(({ name }) => name === this.selection.sound)?.sound ?? null;
  }

  set sound(wanted) {
    const name = this.#nameOf(wanted);
    if (name === null || name === this.selection.sound) return;
    this.selection.sound = name;
    this.loaders.find((loader) => loader.track.kind === 'audio')?.replace();
    this.#changed();
  }

  /** Of the rendition. @param {Alternative | null} wanted */
  #nameOf(wanted) {
    return this.#sounds.find(({ sound }) => sound === wanted)?.name ?? null;
  }

  /** @returns {readonly Alternative[]} another list whenever they were looked for */
  get captions() {
    return this.feed.captions;
  }

  /** The address of a WebVTT file. @param {{ name: string }} captions */
  captionsFile(captions) {
    const { signal } = this.#stop;
    return this.#patiently(() => this.feed.captionsFile(captions, signal), signal);
  }

  /** Captions may be there later than the film. */
  async refresh() {
    try {
      await this.feed.refresh(this.#stop.signal);
    } catch (error) {
      if (error instanceof LoadError && error.kind === 'expired') await this.renew();
    }
    this.#changed();
  }

  get bufferAhead() {
    return aheadOf(rangesOf(this.video.buffered), this.video.currentTime);
  }

  /** @returns {State} */
  get state() {
    if (this.failure) return 'failed';
    if (this.video.ended) return 'ended';
    const starving = this.video.readyState < 3 && this.bufferAhead < 0.4;
    if (starving) {
      const trouble = this.#openTrouble ?? this.loaders.find((loader) => loader.trouble)?.trouble;
      if (trouble?.kind === 'preparing') return 'preparing';
      if (trouble && isNetwork(trouble)) return 'reconnecting';
      if (this.video.readyState === 0) return 'loading';
      return this.video.paused && !this.video.seeking ? 'paused' : 'buffering';
    }
    if (this.video.paused) return 'paused';
    return this.video.readyState < 3 || this.video.seeking ? 'buffering' : 'playing';
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }

  #wakeAll() {
    for (const loader of this.loaders) loader.wake();
  }

  /** All was appended, and yet there is nothing to play: the browser lost media and is given all of it anew. */
  #feedStarved() {
    const { video, loaders } = this;
    const isStarved = this.failure === null && !this.feed.growing && loaders.length > 0 &&
      loaders.every((loader) => loader.idle) &&
      video.readyState < 3 && this.bufferAhead < 0.1 && !(video.currentTime >= video.duration - 0.5);
    if (!isStarved) return void (this.#starvedSince = null);
    if (now() - (this.#starvedSince ??= now()) < 4) return;
    this.#starvedSince = null;
    this.fail(new Error('the browser lost what was appended'));
  }

  #tick() {
    for (const loader of this.loaders) loader.tick();
    this.#source?.stretch(Math.max(0, ...this.loaders.map((loader) => loader.end)));
    this.#feedStarved();
    if (this.#watchdog.look(this.bufferAhead)) this.#changed();
    const shown = this.shown;
    const tooMuch = this.automatic && shown !== null && this.#watchdog.isTooMuch();
    if (tooMuch && this.renditions.at(-1) !== shown) this.selection.setAside(shown, 60);
  }
}
