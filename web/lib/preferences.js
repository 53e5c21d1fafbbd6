/** Choices kept on this device. Storage may be full or forbidden: a choice then lasts as long as the page. */

/** @type {Map<string, string>} */
const memory = new Map();

/**
 * @param {string} name
 * @returns {string | null}
 */
export function recall(name) {
  try {
    return localStorage.getItem(`palco.${name}`) ?? memory.get(name) ?? null;
  } catch {
    return memory.get(name) ?? null;
  }
}

/**
 * @param {string} name
 * @param {string | null} value null forgets it
 */
export function remember(name, value) {
  if (value === null) memory.delete(name);
  else memory.set(name, value);
  try {
    if (value === null) localStorage.removeItem(`palco.${name}`);
    else localStorage.setItem(`palco.${name}`, value);
  } catch {
    // Kept in memory only.
  }
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
 * A JSON object kept under one name; anything unreadable counts as empty.
 * @param {string} name
 * @returns {Record<string, unknown>}
 */
export function recallRecord(name) {
  try {
    const value = JSON.parse(recall(name) ?? '{}');
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}

/**
 * @param {string} name
 * @param {Record<string, unknown>} record
 */
export function rememberRecord(name, record) {
  remember(name, Object.keys(record).length === 0 ? null : JSON.stringify(record));
}
