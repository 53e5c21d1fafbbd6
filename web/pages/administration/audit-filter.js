/** Which entries of the audit are wanted: as the address says it, and as the server is asked. */
import { actionNames } from './audit-words.js';
import { edgeOfDay, filterFrom } from './filter.js';

/** @typedef {Record<string, string>} Query */

const known = Object.fromEntries(
  ['q', 'action', 'actor', 'target', 'from', 'to'].map((
    name,
  ) => [name, name === 'action' ? actionNames() : null]),
);

/**
 * @param {string} search of the address
 * @returns {Query} `q, action, actor, target` and the days `from` and `to`
 */
export function auditFilter(search) {
  const filter = filterFrom(search, known);
  for (const edge of /** @type {const} */ (['from', 'to'])) {
    if (filter[edge] !== undefined && edgeOfDay(filter[edge], 'begin') === '') delete filter[edge];
  }
  return filter;
}

/**
 * The whole of both days, as days are where the reader is.
 * @param {Query} filter
 * @returns {Query}
 */
export function auditQuery({ from, to, ...rest }) {
  return {
    ...rest,
    ...(from ? { from: edgeOfDay(from, 'begin') } : {}),
    ...(to ? { to: edgeOfDay(to, 'end') } : {}),
  };
}
