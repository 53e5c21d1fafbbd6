/** What is buffered, what comes next, what may go: pure functions over ranges of seconds. */

/** @typedef {{ start: number, end: number }} Range */
/** @typedef {{ start: number, duration: number }} Span */

/** @param {TimeRanges} ranges */
export function rangesOf(ranges) {
  return Array.from(
    { length: ranges.length },
    (_, place) => ({ start: ranges.start(place), end: ranges.end(place) }),
  );
}

/**
 * Seconds that can be played from `time` without a break. Breaks shorter than `tolerance` do not count: the first frame
 * of a track may come a little after 0, and sound and picture do not end at the same instant.
 * @param {Range[]} ranges
 * @param {number} time
 * @param {number} [tolerance]
 */
export function aheadOf(ranges, time, tolerance = 0.2) {
  let end = time;
  for (const range of ranges) {
    if (range.end <= end) continue;
    if (range.start > end + tolerance) break;
    end = range.end;
  }
  return Math.max(0, end - time);
}

/**
 * Where to jump over a hole that playback stands before; null: none near.
 * @param {Range[]} ranges
 * @param {number} time
 * @param {number} [widest]
 */
export function beyondHole(ranges, time, widest = 1) {
  if (ranges.some((range) => range.start <= time && time < range.end - 0.05)) return null;
  const next = ranges.find((range) => range.start > time - 0.05 && range.start - time <= widest);
  return next && next.end > time + 0.1 ? Math.max(next.start, time) + 0.01 : null;
}

/**
 * The segment that holds `time`; the last one for all later times.
 * @param {Span[]} segments in order
 * @param {number} time
 */
export function segmentAt(segments, time) {
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (segments[middle].start <= time + 0.001) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Whether a segment is there as a whole; edges may miss a little.
 * @param {Range[]} ranges
 * @param {Span} segment
 */
export function covers(ranges, segment) {
  const edge = Math.min(0.15, segment.duration / 4);
  const start = segment.start + edge;
  return aheadOf(ranges, start, edge) >= segment.duration - 2 * edge;
}

/**
 * The first segment from `time` on that is not there.
 * @param {Span[]} segments
 * @param {Range[]} ranges
 * @param {number} time
 */
export function firstMissing(segments, ranges, time) {
  let place = segmentAt(segments, time);
  while (place < segments.length && covers(ranges, segments[place])) place += 1;
  return place;
}

/**
 * Where replacing of already buffered segments by better (or chosen) ones may begin: not the one playing, and with some
 * time to spare.
 * @param {Span[]} segments
 * @param {number} time
 * @param {number} margin seconds
 */
export function replaceFrom(segments, time, margin) {
  const place = segmentAt(segments, time + margin);
  return segments[place].start >= time + margin ? place : place + 1;
}

/** How much is kept before and behind the playhead; less when the browser says that its memory is full. */
export class BufferGoal {
  started = false;
  #ahead;
  #behind;

  /** @param {{ ahead?: number, behind?: number }} [seconds] */
  constructor({ ahead = 30, behind = 30 } = {}) {
    this.#ahead = ahead;
    this.#behind = behind;
  }

  /** Little until the viewer presses play: many pages are opened and not watched. */
  get ahead() {
    return this.started ? this.#ahead : Math.min(10, this.#ahead);
  }

  get behind() {
    return this.#behind;
  }

  /** After QuotaExceededError. False: there is nothing left to give up. */
  shrink() {
    if (this.#ahead <= 6 && this.#behind <= 1) return false;
    this.#ahead = Math.max(6, this.#ahead * 0.7);
    this.#behind = Math.max(1, this.#behind / 3);
    return true;
  }

  /**
   * What lies too far behind to keep; null when it is not worth the trouble.
   * @param {Range[]} ranges
   * @param {number} time
   * @param {number} [slack]
   * @returns {Range | null}
   */
  trim(ranges, time, slack = 10) {
    const end = time - this.#behind;
    const first = ranges[0];
    return first && first.start < end - slack ? { start: 0, end } : null;
  }
}
