/** What the removal of a person takes with it. */
import { has } from '../../lib/i18n.js';

/** @typedef {{ key: string, count: number }} Line a message with plural forms, and how many of it there are */

/**
 * The answer's counts as lines to read; what there is none of is left out, and so is what this page has no words for.
 * @param {Record<string, unknown>} answer
 * @returns {{ goes: Line[], videos: number }} videos: those that may go or stay
 */
export function removalLines(answer) {
  const counts = Object.entries(answer).map(([name, count]) => ({ name, count: Number(count) }))
    .filter(({ count }) => Number.isInteger(count) && count > 0);
  return {
    goes: counts.filter(({ name }) => has(`admin.removal.${name}`))
      .map(({ name, count }) => ({ key: `admin.removal.${name}`, count })),
    videos: counts.find(({ name }) => name === 'videos')?.count ?? 0,
  };
}

/**
 * Whether a name was typed as it stands there: other code points for the same letters are the same name (UAX #15), and so
 * are blanks that nobody sees.
 * @param {string} typed
 * @param {string} name
 */
export function sameName(typed, name) {
  const plain = (/** @type {string} */ text) => text.normalize('NFC').replace(/\s+/g, ' ').trim();
  return plain(typed) === plain(name);
}
