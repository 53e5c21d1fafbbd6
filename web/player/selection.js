/** Which rendition comes next: the viewer's choice, what is made, what failed lately, and what the network carries. */
import { chooseFirst, chooseRendition } from './adaptation.js';

/** @typedef {import('./feed.js').TrackRendition} TrackRendition */
/**
 * @typedef {object} Surroundings
 * @property {import('./adaptation.js').ThroughputMeter} meter
 * @property {number} playbackRate
 * @property {{ throughput?: number | null, lines?: () => number }} options
 */

const now = () => performance.now() / 1000;

export class Selection {
  /** @type {string | null} a picture's rendition, null: automatic */
  quality;
  /** @type {string | null} a sound's rendition, null: the first */
  sound = null;
  #surroundings;
  /** @type {Map<string, number>} rendition -> when it may be tried again */
  #aside = new Map();
  /** @type {Map<string, string>} rendition -> state, as the page knows it */
  #states = new Map();

  /**
   * @param {Surroundings} surroundings
   * @param {string | null} quality
   */
  constructor(surroundings, quality) {
    this.#surroundings = surroundings;
    this.quality = quality;
  }

  /**
   * @param {import('./track-loader.js').TrackLoader} loader
   * @returns {number} its place in the track, -1: none now
   */
  choose(loader) {
    return loader.track.kind === 'audio' ? this.#chooseSound(loader) : this.#choosePicture(loader);
  }

  /**
   * Another sound is another thing: while the wanted one is being made only the one that is heard goes on, and any takes the
   * place of one that is gone.
   * @param {import('./track-loader.js').TrackLoader} loader
   */
  #chooseSound({ track: { renditions }, current }) {
    const there = renditions.filter(({ name }) => this.#aside.get(name) !== Infinity);
    const heard = there.find((rendition) => rendition === renditions[current]);
    const wanted = there.find(({ name }) => name === this.sound);
    const chosen = wanted && this.#isAside(wanted) ? heard : wanted ?? heard ?? there[0];
    return chosen === undefined || this.#isAside(chosen) ? -1 : renditions.indexOf(chosen);
  }

  /** @param {import('./track-loader.js').TrackLoader} loader */
  #choosePicture(loader) {
    const { renditions } = loader.track;
    const { meter, playbackRate, options } = this.#surroundings;
    const chosen = renditions.findIndex((rendition) => rendition.name === this.quality);
    if (chosen >= 0 && !this.#isAside(renditions[chosen])) return chosen;
    const measured = meter.estimate;
    const situation = {
      renditions,
      current: loader.current,
      throughput: measured,
      bufferAhead: loader.ahead,
      playbackRate,
      lines: options.lines?.() ?? Infinity,
      available: (/** @type {import('./adaptation.js').Rendition} */ rendition) =>
        this.readiness(rendition) >= 0 && !this.#isAside(rendition) &&
        !this.#isBetterAvoided(rendition, renditions, loader.ahead),
    };
    if (measured !== null) return chooseRendition(situation);
    if (loader.current >= 0) return loader.current;
    return chooseFirst({ ...situation, throughput: options.throughput ?? null });
  }

  /** @param {{ name: string }} rendition */
  #isAside(rendition) {
    return (this.#aside.get(rendition.name) ?? 0) > now();
  }

  /**
   * With little in the buffer a rendition that is not there yet is no good choice, if one that is further on fits.
   * @param {{ name: string, bandwidth: number }} rendition
   * @param {{ name: string, bandwidth: number }[]} all
   * @param {number} ahead
   */
  #isBetterAvoided(rendition, all, ahead) {
    if (ahead > 8) return false;
    const { meter, options } = this.#surroundings;
    const throughput = meter.estimate ?? options.throughput ?? Infinity;
    const readiness = this.readiness(rendition);
    return all.some((other) =>
      this.readiness(other) > readiness && !this.#isAside(other) && other.bandwidth < throughput
    );
  }

  /** How far it is made; more is better, -1: failed. @param {{ name: string }} rendition */
  readiness({ name }) {
    return ['waiting', 'encoding', 'ready'].indexOf(this.#states.get(name) ?? 'waiting');
  }

  /** @param {{ name: string, state: string }[]} renditions */
  set states(renditions) {
    this.#states = new Map(renditions.map(({ name, state }) => [name, state]));
    for (const { name, state } of renditions) {
      if (state === 'ready' && this.#aside.get(name) !== Infinity) this.#aside.delete(name);
    }
  }

  /**
   * Not to be chosen for a while.
   * @param {{ name: string }} rendition
   * @param {number} seconds
   */
  setAside(rendition, seconds) {
    this.#aside.set(rendition.name, now() + seconds);
  }

  /** All renditions of the track were set aside for good. @param {import('./feed.js').Track} track */
  isHopeless({ renditions }) {
    return renditions.every(({ name }) => this.#aside.get(name) === Infinity);
  }

  /** Everything gets another chance. */
  forgive() {
    this.#aside.clear();
  }
}
