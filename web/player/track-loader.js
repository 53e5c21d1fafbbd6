/** Fills one SourceBuffer: decides the next segment, downloads it, appends it, and deals with what goes wrong. */
import { shouldAbandon } from './adaptation.js';
import { aheadOf, covers, firstMissing, replaceFrom, segmentAt } from './buffer.js';
import { attemptsFor, backOff, LoadError } from './retry.js';

/** @typedef {import('./feed.js').TrackRendition} TrackRendition */
/** @typedef {import('./buffer.js').Span} Span */
/** @typedef {'renditions' | 'network' | 'preparing'} Reason */
/**
 * What a loader needs from the playback it belongs to.
 * @typedef {object} Host
 * @property {import('./feed.js').MediaFeed} feed
 * @property {import('./buffer.js').BufferGoal} goal
 * @property {import('./adaptation.js').ThroughputMeter} meter
 * @property {number} time seconds
 * @property {number} playbackRate
 * @property {boolean} wantsData
 * @property {boolean} automatic
 * @property {import('./selection.js').Selection} selection
 * @property {() => Promise<void>} renew
 * @property {(error: LoadError, loader: TrackLoader) => void} troubled
 * @property {(loader: TrackLoader) => void} progressed
 * @property {(error: unknown) => void} fail
 */

/** Seconds. */
const improveAfter = 6;
const patience = 3;
/** What of another sound may come too late to be heard, while it is on its way. */
const headStart = 0.3;
/** What stays behind the playhead when the sound is changed: the browser may still be reading there. */
const reading = 1;

const now = () => performance.now() / 1000;

export class TrackLoader {
  /** Place of the rendition appended last, -1: none. */
  current = -1;
  /** All from the playhead to the end is there. */
  finished = false;
  /** Nothing to load, nothing to append, nothing in the way. */
  idle = false;
  /** @type {LoadError | null} what stands in the way at the moment */
  trouble = null;
  /** @type {Span[]} */
  segments = [];
  /** @type {Map<number, number>} segment -> place of the rendition it was appended in */
  #have = new Map();
  /** @type {Map<number, number>} segments that went missing and how often they were fetched again */
  #again = new Map();
  #cursor = 0;
  /** What would be appended in order. */
  #next = 0;
  #relocate = true;
  #attempts = 0;
  /** @type {Uint8Array<ArrayBuffer> | null} what explains that, where the browser has it */
  #init = null;
  #trying = 0;
  /** @type {AbortController | null} */
  #work = null;
  /** @type {{ place: number, index: number, asked: number, began: number, received: number, expected: number } | null} */
  #download = null;
  /** @type {() => void} */
  #ring = () => {};

  /**
   * @param {Host} host
   * @param {import('./feed.js').Track} track
   * @param {import('./sink.js').Sink} sink
   */
  constructor(host, track, sink) {
    this.host = host;
    this.track = track;
    this.sink = sink;
  }

  get ahead() {
    return aheadOf(this.sink.ranges, this.host.time);
  }

  /** Of what is known of it, in seconds. */
  get end() {
    const last = this.segments.at(-1);
    return last ? last.start + last.duration : 0;
  }

  /** @returns {TrackRendition | null} the one on the screen */
  renditionAt(/** @type {number} */ index) {
    const place = this.#have.get(index);
    return place === undefined ? null : this.track.renditions[place];
  }

  /** @param {AbortSignal} signal */
  async run(signal) {
    signal.addEventListener('abort', () => this.#work?.abort(), { once: true });
    while (!signal.aborted) {
      try {
        const isWorking = await this.#step(signal);
        this.idle = !isWorking && this.trouble === null;
        if (!isWorking) await this.#rest(0.5);
      } catch (error) {
        this.idle = false;
        if (!signal.aborted) await this.#recover(error);
      }
    }
  }

  /** Something changed that may mean work: time, demand, network. */
  wake() {
    this.#ring();
  }

  seeked() {
    this.#relocate = true;
    this.#again.clear();
    this.finished = false;
    const wanted = this.#locate();
    if (this.#download && this.#download.index !== wanted) this.#work?.abort();
    this.wake();
  }

  /** The viewer chose a rendition: what is buffered after the next moments is replaced. Another sound begins at once. */
  replace() {
    if (this.track.kind === 'video' && this.segments.length > 0) {
      this.#cursor = Math.min(this.#cursor, replaceFrom(this.segments, this.host.time, 1));
    }
    this.finished = false;
    this.#work?.abort();
    this.wake();
  }

  /** What was appended last is another sound. @param {number} place */
  #changesSound(place) {
    return this.track.kind === 'audio' && this.current >= 0 && place !== this.current;
  }

  /** Steps between renditions of a picture are taken as the network allows. */
  get #adapts() {
    return this.track.kind === 'video' && this.host.automatic;
  }

  #locate() {
    return this.segments.length === 0 ? -1 : firstMissing(this.segments, this.sink.ranges, this.host.time);
  }

  /** @param {number} seconds */
  async #rest(seconds) {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      this.#ring = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
    this.#ring = () => {};
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} false: nothing to do now
   */
  async #step(signal) {
    const { host } = this;
    const place = host.selection.choose(this);
    if (place < 0 || !(host.wantsData || this.#changesSound(place))) return false;
    this.#trying = place;
    const rendition = this.track.renditions[place];
    this.segments = await host.feed.timeline(rendition, signal);
    // The viewer may have chosen again meanwhile.
    if (this.track.kind === 'audio' && host.selection.choose(this) !== place) return true;
    this.#aim(place);
    const segment = this.segments[this.#cursor];
    // What was appended may yet be missing; the very end may be shorter than announced.
    this.finished = segment === undefined && !host.feed.growing && this.#locate() >= this.segments.length - 1;
    if (!segment) {
      host.progressed(this);
      return false;
    }
    if (segment.start >= host.time + host.goal.ahead) return false;
    await this.#fetch(place, this.#cursor, signal);
    return true;
  }

  /**
   * Sets the cursor: after a seek, after the browser threw something away, after a step up, for another sound.
   * @param {number} place
   */
  #aim(place) {
    if (this.#changesSound(place)) {
      this.#cursor = segmentAt(this.segments, this.host.time + headStart);
      this.#relocate = false;
      return;
    }
    const missing = this.#locate();
    if (this.#relocate) {
      this.#cursor = missing;
      this.#relocate = false;
      return;
    }
    const again = this.#again.get(missing) ?? 0;
    if (missing < this.#cursor && again < 2) {
      this.#again.set(missing, again + 1);
      this.#cursor = missing;
    } else if (this.#adapts && this.current >= 0 && place > this.current) {
      this.#cursor = Math.min(this.#cursor, replaceFrom(this.segments, this.host.time, improveAfter));
    }
    const { ranges } = this.sink;
    while (this.#isGoodEnough(place, ranges)) this.#cursor += 1;
  }

  /**
   * @param {number} place
   * @param {import('./buffer.js').Range[]} ranges
   */
  #isGoodEnough(place, ranges) {
    const had = this.#have.get(this.#cursor);
    const segment = this.segments[this.#cursor];
    if (had === undefined || !segment || !covers(ranges, segment)) return false;
    return had === place || (this.#adapts && had > place);
  }

  /**
   * @param {number} place
   * @param {number} index
   * @param {AbortSignal} signal
   */
  async #fetch(place, index, signal) {
    const { host } = this;
    this.idle = false;
    const rendition = this.track.renditions[place];
    const work = new AbortController();
    this.#work = work;
    // WebKitGTK loses the sound that follows a jump back, unless it begins anew there.
    if (index !== this.#next) this.#init = null;
    const download = { place, index, asked: now(), began: 0, received: 0, expected: 0 };
    this.#download = download;
    try {
      const [init, data] = await Promise.all([
        host.feed.init(rendition, index, work.signal),
        host.feed.segment(rendition, index, {
          signal: work.signal,
          meter: host.meter,
          onProgress: (received, expected, seconds) => {
            download.began ||= now() - seconds;
            download.received = received;
            download.expected = expected || this.#guess(place, index);
          },
        }),
      ]);
      if (signal.aborted || work.signal.aborted) return;
      this.#download = null;
      await this.#append(rendition, init, data, work.signal);
      if (this.#changesSound(place)) await this.#silence(this.segments[index]);
    } finally {
      work.abort();
      this.#download = null;
    }
    this.#have.set(index, place);
    this.#next = index + 1;
    this.current = place;
    this.#attempts = 0;
    this.trouble = null;
    if (!this.#relocate && this.#cursor === index) this.#cursor = index + 1;
    host.progressed(this);
  }

  /**
   * Nothing of the sound before is heard any more, wherever the playhead goes; it has lasted until the new one was there.
   * @param {Span} kept
   */
  async #silence({ start, duration }) {
    this.#have.clear();
    const before = Math.min(start, this.host.time - reading);
    await this.sink.remove(start + duration, Infinity);
    if (before > 0) await this.sink.remove(0, before);
  }

  /**
   * @param {number} place
   * @param {number} index
   */
  #guess(place, index) {
    return (this.track.renditions[place].bandwidth * (this.segments[index]?.duration ?? 4)) / 8;
  }

  /**
   * @param {TrackRendition} rendition
   * @param {Uint8Array<ArrayBuffer> | null} init
   * @param {Uint8Array<ArrayBuffer>} data
   * @param {AbortSignal} signal
   */
  async #append(rendition, init, data, signal) {
    const excess = this.host.goal.trim(this.sink.ranges, this.host.time);
    if (excess) await this.sink.remove(excess.start, excess.end);
    if (init && init !== this.#init) {
      this.#init = null;
      await this.sink.reset();
      await this.sink.changeType(rendition.mime);
      await this.sink.append(init);
      this.#init = init;
    }
    while (!signal.aborted) {
      try {
        return await this.sink.append(data);
      } catch (error) {
        if (!(error instanceof DOMException) || error.name !== 'QuotaExceededError') throw error;
        await this.#makeRoom();
      }
    }
  }

  /** The browser's memory for media is full: keep less, and let go of what is far from the playhead. */
  async #makeRoom() {
    const { goal, time } = this.host;
    const shrunk = goal.shrink();
    const behind = goal.trim(this.sink.ranges, time, 0);
    if (behind && behind.end > 0) await this.sink.remove(behind.start, behind.end);
    const end = this.sink.ranges.at(-1)?.end ?? 0;
    if (end > time + goal.ahead + 8) await this.sink.remove(time + goal.ahead + 8, Infinity);
    if (!shrunk && !behind) await this.#rest(1);
  }

  /** Called several times a second: gives up downloads that would come too late. */
  tick() {
    const download = this.#download;
    const { host } = this;
    if (!download || this.track.kind !== 'video' || !host.automatic) return;
    const { renditions } = this.track;
    if (download.began === 0) {
      const rendition = renditions[download.place];
      const { selection } = host;
      const better = renditions.some((other) => selection.readiness(other) > selection.readiness(rendition));
      if (better && now() - download.asked > patience && this.ahead < patience) {
        selection.setAside(rendition, 8);
        this.#work?.abort();
      }
      return;
    }
    if (download.place === 0) return;
    const elapsed = now() - download.began;
    const lowerShare = renditions[0].bandwidth / renditions[download.place].bandwidth;
    const { ahead: bufferAhead } = this;
    const { playbackRate } = host;
    if (!shouldAbandon({ ...download, elapsed, bufferAhead, playbackRate, lowerShare })) return;
    this.#work?.abort();
    host.meter.restart((download.received * 8) / elapsed);
  }

  /** @param {unknown} error */
  async #recover(error) {
    if (!(error instanceof LoadError)) return this.host.fail(error);
    if (error.kind === 'aborted') return;
    const { host, track } = this;
    const rendition = track.renditions[this.#trying];
    this.trouble = error;
    host.troubled(error, this);
    if (error.kind === 'preparing') {
      const wait = Math.min(10, Math.max(0.5, error.retryAfter ?? 1));
      return host.selection.setAside(rendition, wait);
    }
    this.#attempts += 1;
    if (this.#attempts > attemptsFor(error.kind)) {
      const broken = error.kind === 'missing' || error.kind === 'format';
      if (broken) host.selection.setAside(rendition, Infinity);
      if (!broken || host.selection.isHopeless(track)) return host.fail(error);
      this.#attempts = 0;
      return;
    }
    if (error.kind === 'expired') return await host.renew();
    await this.#rest(error.retryAfter ?? backOff(this.#attempts - 1));
  }
}
