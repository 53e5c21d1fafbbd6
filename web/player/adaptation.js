/** Which rendition comes next: from the measured throughput, the buffer, the size on the screen and what is made. */

/**
 * @typedef {object} Rendition
 * @property {string} name
 * @property {number} bandwidth bits per second
 * @property {number} width
 * @property {number} height
 */
/**
 * @typedef {object} Situation
 * @property {Rendition[]} renditions sorted by bandwidth, lowest first
 * @property {number} current place of the one in use, -1: nothing played yet
 * @property {number | null} throughput bits per second, null: not measured yet
 * @property {number} bufferAhead seconds
 * @property {number} playbackRate
 * @property {number} lines height of the picture on the screen in device pixels, Infinity: no limit
 * @property {(rendition: Rendition) => boolean} available false: not made yet, or given up
 */

/** Share of the throughput that a rendition may need to be chosen, and to be kept. */
const upShare = 0.7;
const keepShare = 0.9;
/** Seconds of buffer: below, no climbing; below, step down early; above, ride out a weak spell. */
const climbFrom = 4;
const danger = 5;
const comfortable = 15;

/**
 * @param {Situation} situation
 * @returns {number} a place in `renditions`; -1: none is available now
 */
export function chooseRendition(situation) {
  const { renditions, current, throughput, bufferAhead } = situation;
  const usable = renditions.map((_, place) => place).filter((place) =>
    situation.available(renditions[place])
  );
  if (usable.length === 0) return -1;
  if (throughput === null) return usable.includes(current) ? current : usable[0];
  const fits = (/** @type {number} */ place, /** @type {number} */ share) =>
    renditions[place].bandwidth * situation.playbackRate <= throughput * share;
  const ceiling = lastUseful(renditions, situation.lines);
  const affordable = usable.filter((place) => fits(place, upShare) && place <= ceiling).at(-1) ?? usable[0];
  if (!usable.includes(current)) return affordable;
  if (affordable > current) return bufferAhead >= climbFrom ? affordable : current;
  if (affordable === current || current > ceiling && fits(current, upShare)) return affordable;
  if (bufferAhead >= comfortable && fits(current, 1.2)) return current;
  if (bufferAhead >= danger && fits(current, keepShare)) return current;
  return affordable;
}

/**
 * The first rendition with enough lines for the picture on the screen; more would be thrown away.
 * @param {Rendition[]} renditions
 * @param {number} lines
 */
export function lastUseful(renditions, lines) {
  const enough = renditions.findIndex((rendition) => rendition.height >= lines * 0.9);
  return enough < 0 ? renditions.length - 1 : enough;
}

/**
 * Where to begin: low, so that the picture is there at once, unless this device measured better lately.
 * @param {Omit<Situation, 'current' | 'bufferAhead'>} situation `throughput` is the remembered one
 */
export function chooseFirst(situation) {
  return chooseRendition({
    ...situation,
    throughput: situation.throughput === null ? null : situation.throughput * 0.6,
    current: -1,
    bufferAhead: 0,
  });
}

/**
 * Whether a running download should be dropped for a lower rendition, because the buffer would run dry before its end.
 * @param {{ received: number, expected: number, elapsed: number, bufferAhead: number, playbackRate: number,
 *   lowerShare: number }} download bytes and seconds; `lowerShare`: size of the lower rendition over this one's
 */
export function shouldAbandon({ received, expected, elapsed, bufferAhead, playbackRate, lowerShare }) {
  if (elapsed < 0.8 || received <= 0 || received >= expected) return false;
  const rate = received / elapsed;
  const remaining = (expected - received) / rate;
  const reserve = bufferAhead / Math.max(playbackRate, 0.1);
  if (remaining <= reserve * 0.9) return false;
  return (expected * lowerShare) / rate < remaining * 0.8;
}

/** More than any rendition needs; keeps the burst of a local cache from drowning what the network can really do. */
const fastest = 200e6;

/**
 * Throughput over all downloads at once: bytes over the time in which at least one was running. A weighted mean of a
 * quick and a slow memory; the lower one counts, so that a drop is believed at once and a rise only when it lasts.
 */
export class ThroughputMeter {
  #running = 0;
  #busySince = 0;
  #busy = 0;
  #bytes = 0;
  #quick = new Mean(1.5);
  #slow = new Mean(4);

  /** @param {number} now seconds */
  begin(now) {
    if (this.#running === 0) this.#busySince = now;
    this.#running += 1;
  }

  /** @param {number} count */
  received(count) {
    this.#bytes += count;
  }

  /** @param {number} now seconds */
  end(now) {
    this.#settle(now);
    this.#running = Math.max(0, this.#running - 1);
    if (this.#bytes < 16_384 && this.#busy < 0.25) return;
    const bitsPerSecond = Math.min(fastest, (this.#bytes * 8) / Math.max(this.#busy, 0.004));
    // A whole segment counts even if it came in no time; else the climb after a weak spell would take minutes.
    const weight = Math.max(this.#busy, this.#bytes >= 65_536 ? 1 : 0.2);
    this.#quick.add(bitsPerSecond, weight);
    this.#slow.add(bitsPerSecond, weight);
    this.#bytes = 0;
    this.#busy = 0;
  }

  /**
   * Forgets what was before: a download had to be given up, so the past is worth nothing.
   * @param {number} bitsPerSecond
   */
  restart(bitsPerSecond) {
    this.#quick = new Mean(1.5);
    this.#slow = new Mean(4);
    this.#quick.add(bitsPerSecond, 1);
    this.#slow.add(bitsPerSecond, 1);
    this.#bytes = 0;
    this.#busy = 0;
  }

  /** @param {number} now */
  #settle(now) {
    if (this.#running > 0) this.#busy += Math.max(0, now - this.#busySince);
    this.#busySince = now;
  }

  /** Bits per second; null: nothing measured yet. */
  get estimate() {
    const quick = this.#quick.value;
    const slow = this.#slow.value;
    return quick === null || slow === null ? null : Math.min(quick, slow);
  }
}

/**
 * Exponentially weighted by seconds of measuring, corrected for its empty start. Of logarithms, because throughput falls
 * by factors: one second at a gigabit must not hide the ten at half a megabit after it.
 */
class Mean {
  #total = 0;
  #weight = 0;

  /** @param {number} halfLife seconds */
  constructor(halfLife) {
    this.halfLife = halfLife;
  }

  /**
   * @param {number} sample
   * @param {number} seconds
   */
  add(sample, seconds) {
    const keep = 0.5 ** (seconds / this.halfLife);
    this.#total = this.#total * keep + Math.log(Math.max(sample, 1)) * (1 - keep);
    this.#weight = this.#weight * keep + (1 - keep);
  }

  get value() {
    return this.#weight === 0 ? null : Math.exp(this.#total / this.#weight);
  }
}

/** Notices renditions this device cannot draw: many dropped frames in two windows in a row. */
export class DroppedFrames {
  #last = { total: 0, dropped: 0 };
  #bad = 0;

  /**
   * Once per window of some seconds of playing.
   * @param {{ total: number, dropped: number }} counts since the start
   * @returns {boolean} true: step down
   */
  window(counts) {
    const total = counts.total - this.#last.total;
    const dropped = counts.dropped - this.#last.dropped;
    this.#last = counts;
    if (total < 30) return false;
    this.#bad = dropped / total > 0.35 ? this.#bad + 1 : 0;
    if (this.#bad < 2) return false;
    this.#bad = 0;
    return true;
  }
}
