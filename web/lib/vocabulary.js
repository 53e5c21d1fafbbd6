/** What administrators do with the names that videos are filed under. */
import { call } from './api.js';

/** @typedef {import('./catalogue.js').Person} Person */
/** @typedef {'categories' | 'people'} Vocabulary */
/** @typedef {{ id: string, name: string, kind?: string | null, video_count: number }} Term kind: of people */
/** @typedef {{ name?: string, kind?: string | null, joins?: boolean }} TermChange joins: with the one that has the name already */

/**
 * @param {Vocabulary} vocabulary
 * @param {string | null} cursor
 * @param {AbortSignal} [signal]
 */
export async function listTerms(vocabulary, cursor, signal) {
  const query = new URLSearchParams({ limit: '50', ...(cursor === null ? {} : { cursor }) });
  const answer = await call('GET', `/${vocabulary}?${query}`, { signal });
  return /** @type {{ data: Term[], next_cursor: string | null }} */ (answer);
}

/**
 * @param {Vocabulary} vocabulary
 * @param {string} name
 * @returns {Promise<Term | null>}
 */
export async function termNamed(vocabulary, name) {
  const answer = await call('GET', `/${vocabulary}?${new URLSearchParams({ name })}`);
  return /** @type {{ data: Term[] }} */ (answer).data[0] ?? null;
}

/**
 * @param {Vocabulary} vocabulary
 * @param {TermChange} term
 */
export async function addTerm(vocabulary, term) {
  return /** @type {Term} */ (await call('POST', `/${vocabulary}`, { json: term }));
}

/**
 * @param {Vocabulary} vocabulary
 * @param {string} id
 * @param {TermChange} change
 */
export async function changeTerm(vocabulary, id, change) {
  return /** @type {Term} */ (await call('PATCH', `/${vocabulary}/${encodeURIComponent(id)}`, {
    json: change,
  }));
}

/**
 * @param {Vocabulary} vocabulary
 * @param {string} id
 */
export async function removeTerm(vocabulary, id) {
  await call('DELETE', `/${vocabulary}/${encodeURIComponent(id)}`);
}
