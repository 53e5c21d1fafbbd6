/** Videos that were removed and can still be brought back. */
import { call } from './api.js';

/** @typedef {import('./api.js').Video & { trashed_at: string, removed_for_good_at: string }} Trashed */

/**
 * @param {string | null} cursor
 * @param {AbortSignal} signal
 */
export async function listTrash(cursor, signal) {
  const query = new URLSearchParams({ limit: '24', ...(cursor === null ? {} : { cursor }) });
  const answer = await call('GET', `/trash?${query}`, { signal });
  return /** @type {{ data: Trashed[], next_cursor: string | null }} */ (answer);
}

/** @param {string} id */
export async function restoreVideo(id) {
  await call('POST', `/trash/${encodeURIComponent(id)}/restore`);
}

/** @param {string} id */
export async function removeForGood(id) {
  await call('DELETE', `/trash/${encodeURIComponent(id)}`);
}

/**
 * Whole days until a moment, the begun one counted; 0 when it is over.
 * @param {string} time RFC 3339
 * @param {number} [now] milliseconds
 */
export function daysUntil(time, now = Date.now()) {
  const left = new Date(time).getTime() - now;
  return Number.isFinite(left) ? Math.max(0, Math.ceil(left / 86_400_000)) : 0;
}
