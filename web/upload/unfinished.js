/** Uploads begun on this device and not ended: what makes them survive a closed tab. */
import { keepBelonging, recallBelonging } from '../lib/belongings.js';

/** @typedef {{ url: string, name: string, size: number, sent: number, began: number }} Unfinished */

const kept = 'uploads';
/** The server lets abandoned uploads expire; there is no use in remembering them for longer than that. */
const daysKept = 7;

/**
 * The same file by the same person: name, size and time of change, as good as it gets without reading gigabytes.
 * @param {{ name: string, size: number, lastModified: number, type: string }} file
 * @param {string} userId
 */
export function fingerprint({ name, size, lastModified, type }, userId) {
  return [userId, name, size, lastModified, type].join('|');
}

/**
 * @param {string} userId
 * @param {number} [now] milliseconds
 * @returns {(Unfinished & { key: string })[]}
 */
export function listUnfinished(userId, now = Date.now()) {
  return Object.entries(recallBelonging(kept)).flatMap(([key, value]) => {
    const entry = unfinishedFrom(value);
    const isWanted = entry && key.startsWith(`${userId}|`) && now - entry.began < daysKept * 86_400_000;
    return isWanted ? [{ key, ...entry }] : [];
  });
}

/**
 * @param {unknown} value as it was kept on this device, where anything may have changed it
 * @returns {Unfinished | null}
 */
function unfinishedFrom(value) {
  if (value === null || typeof value !== 'object') return null;
  const { url, name, size, sent, began } = /** @type {Record<string, unknown>} */ (value);
  if (typeof url !== 'string' || typeof name !== 'string') return null;
  if (![size, sent, began].every((figure) => typeof figure === 'number')) return null;
  return /** @type {Unfinished} */ ({ url, name, size, sent, began });
}

/**
 * @param {{ name: string, size: number }} file
 * @returns {import('./tus.js').Memory}
 */
export function memoryFor({ name, size }) {
  return {
    get: (key) => unfinishedFrom(recallBelonging(kept)[key])?.url ?? null,
    set: (key, url) => {
      const record = recallBelonging(kept);
      if (url === null) delete record[key];
      else record[key] = { url, name, size, sent: 0, began: Date.now() };
      keepBelonging(kept, record);
    },
  };
}

/**
 * @param {string} key
 * @param {number} sent
 */
export function noteProgress(key, sent) {
  const record = recallBelonging(kept);
  const entry = unfinishedFrom(record[key]);
  if (!entry) return;
  record[key] = { ...entry, sent };
  keepBelonging(kept, record);
}

/** @param {string} key */
export function forgetUnfinished(key) {
  const record = recallBelonging(kept);
  delete record[key];
  keepBelonging(kept, record);
}
