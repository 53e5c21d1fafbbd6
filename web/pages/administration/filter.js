/** What a list is narrowed to. It stands in the address, so that a link to the page is a link to the view. */

/** @typedef {Record<string, string>} Query */

/**
 * The parts of a query that a page knows; all else is left out, and so is what none of the values allowed is.
 * @param {string} search of the address
 * @param {Record<string, readonly string[] | null>} known names, and the values each may have; null: any text
 * @returns {Query}
 */
export function filterFrom(search, known) {
  const found = new URLSearchParams(search);
  /** @type {Query} */
  const filter = {};
  for (const [name, values] of Object.entries(known)) {
    const value = (found.get(name) ?? '').trim().slice(0, longest);
    if (value !== '' && (values === null || values.includes(value))) filter[name] = value;
  }
  return filter;
}

/** Characters of one value. */
const longest = 200;

/**
 * The same filter with some values changed; an empty one is gone.
 * @param {Query} filter
 * @param {Query} changes
 * @returns {Query}
 */
export function refined(filter, changes) {
  return Object.fromEntries(Object.entries({ ...filter, ...changes }).filter(([, value]) => value !== ''));
}

/**
 * A day of the calendar on this device as a time of the server: its first exactTime, or the first of the day after it.
 * @param {string} day `2026-11-30`
 * @param {'begin' | 'end'} edge
 * @returns {string} RFC 3339, or empty when it is no day
 */
export function edgeOfDay(day, edge) {
  const match = day.match(/^(\d{4})-(\d{2})-(\d{2})$/);
  if (!match) return '';
  const [year, month, date] = match.slice(1).map(Number);
  const time = new Date(year, month - 1, date + (edge === 'end' ? 1 : 0));
  const isDay = month >= 1 && month <= 12 && date >= 1 && date <= 31 && !Number.isNaN(time.getTime());
  return isDay ? time.toISOString() : '';
}

/**
 * Calls back when nobody has typed for a while.
 * @param {() => void} act
 * @param {number} [pause] milliseconds
 */
export function afterTyping(act, pause = 300) {
  let timer = 0;
  return {
    typed() {
      clearTimeout(timer);
      timer = setTimeout(act, pause);
    },
    /** Without waiting any longer. */
    now() {
      clearTimeout(timer);
      act();
    },
    close() {
      clearTimeout(timer);
    },
  };
}
