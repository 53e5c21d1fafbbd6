/** Uploads begun on this device and not ended: what makes them survive a closed tab. */
import { recallRecord, rememberRecord } from '../lib/preferences.js';

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
  const entries = Object.entries(/** @type {Record<string, Unfinished>} */ (recallRecord(kept)));
  return entries
    .filter(([key, entry]) => key.startsWith(`${userId}|`) && now - entry.began < daysKept * 86_400_000)
    .map(([key, entry]) => ({ key, ...entry }));
}

/**
 * @param {{ name: string, size: number }} file
 * @returns {import('./tus.js').Memory}
 */
export function memoryFor({ name, size }) {
  return {
    get: (key) => /** @type {Unfinished | undefined} */ (recallRecord(kept)[key])?.url ?? null,
    set: (key, url) => {
      const record = recallRecord(kept);
      if (url === null) delete record[key];
      else record[key] = { url, name, size, sent: 0, began: Date.now() };
      rememberRecord(kept, record);
    },
  };
}

/**
 * @param {string} key
 * @param {number} sent
 */
export function noteProgress(key, sent) {
  const record = recallRecord(kept);
  const entry = /** @type {Unfinished | undefined} */ (record[key]);
  if (!entry) return;
  entry.sent = sent;
  rememberRecord(kept, record);
}

/** @param {string} key */
export function forgetUnfinished(key) {
  const record = recallRecord(kept);
  delete record[key];
  rememberRecord(kept, record);
}
