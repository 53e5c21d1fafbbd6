/** How far somebody has watched, for the cards. */
import { listHistory } from './catalogue.js';

/** @typedef {{ part: number, watched: boolean }} Seen part: 0..1 */

/**
 * @param {{ position: number, resume_at: number, duration: number | null, watched: boolean }} entry
 * @param {number | null} [ofVideo] its duration, where the entry has none
 * @returns {Seen}
 */
export function seenFrom({ position, resume_at, duration, watched }, ofVideo = null) {
  const whole = duration ?? ofVideo ?? 0;
  if (!(whole > 0)) return { part: 0, watched };
  // Who watches a video again is where they stopped, not at its end.
  const part = watched && resume_at === 0 ? 1 : position / whole;
  return { part: Math.min(1, Math.max(0, part)), watched };
}

/**
 * Of the videos watched last. Cards do without it when it cannot be had.
 * @param {AbortSignal} signal
 * @returns {Promise<Map<string, Seen>>} by the id of the video
 */
export async function recentlySeen(signal) {
  try {
    const { data } = await listHistory(null, signal, { limit: 100 });
    return new Map(data.map((entry) => [entry.id, seenFrom(entry, entry.video.duration)]));
  } catch {
    return new Map();
  }
}
