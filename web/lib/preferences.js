/** Choices kept on this device. Storage may be full or forbidden: a choice then lasts as long as the page. */

const prefix = 'palco.';
/** @type {Map<string, string>} what the storage did not take */
const memory = new Map();

/**
 * @param {string} name
 * @returns {string | null}
 */
export function recall(name) {
  const inMemory = memory.get(name);
  if (inMemory !== undefined) return inMemory;
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string | null} value null forgets it
 */
export function remember(name, value) {
  memory.delete(name);
  try {
    if (value === null) localStorage.removeItem(prefix + name);
    else localStorage.setItem(prefix + name, value);
  } catch {
    if (value !== null) memory.set(name, value);
  }
}

/** The names of all that is kept. @returns {string[]} */
export function keptNames() {
  /** @type {string[]} */
  let stored = [];
  try {
    stored = Array.from({ length: localStorage.length }, (_, place) => localStorage.key(place) ?? '');
  } catch {
    // Nothing but memory.
  }
  const ours = stored.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  return [...new Set([...ours, ...memory.keys()])];
}

/**
 * Whether a change of the storage in another tab concerns this name.
 * @param {StorageEvent} event
 * @param {string} name
 */
export function concerns(event, name) {
  return event.key === null || event.key === prefix + name;
}

/**
 * @param {string} name
 * @returns {number | null}
 */
export function recallNumber(name) {
  const text = recall(name);
  if (text === null || text === '') return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/**
 * A JSON object kept under one name, without the properties that every other object inherits; anything unreadable counts
 * as empty.
 * @param {string} name
 * @returns {Record<string, unknown>}
 */
export function recallRecord(name) {
  try {
    const value = JSON.parse(recall(name) ?? '{}');
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return Object.create(null);
    return Object.assign(Object.create(null), value);
  } catch {
    return Object.create(null);
  }
}

/**
 * @param {string} name
 * @param {Record<string, unknown>} record
 */
export function rememberRecord(name, record) {
  remember(name, Object.keys(record).length === 0 ? null : JSON.stringify(record));
}

/**
 * What lasts as long as this tab, such as a view that goes on when the page is loaded again.
 * @param {string} name
 * @returns {string | null}
 */
export function recallInTab(name) {
  try {
    return sessionStorage.getItem(prefix + name);
  } catch {
    return null; // A frame on a page of another site may have no storage.
  }
}

/**
 * @param {string} name
 * @param {string | null} value null forgets it
 */
export function rememberInTab(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(prefix + name);
    else sessionStorage.setItem(prefix + name, value);
  } catch {
    // It then lasts as long as the page.
  }
}
