/** One change for many videos, and taking it back. */
import { call } from './api.js';

/**
 * What a batch can change; what is absent is not changed.
 * @typedef {{ is_hidden?: boolean, is_premium?: boolean, category?: string | null, tags?: string[], is_trashed?: boolean }} Values
 */
/** @typedef {Omit<Values, 'tags'> & { add_tags?: string[], remove_tags?: string[] }} Change */
/**
 * @typedef {object} Result
 * @property {string} id
 * @property {'changed' | 'unchanged' | 'refused'} result
 * @property {Values} [before]
 * @property {Values} [after]
 * @property {{ code: string, detail?: string }} [error]
 */

/** As many as the server changes with one call. */
export const mostVideos = 100;

/**
 * @param {string[]} ids
 * @param {Change} change
 */
export async function changeVideos(ids, change) {
  return resultsFrom(await call('POST', '/videos/batch', { json: { ids, ...change } }));
}

/** @param {Result[]} results of a batch */
export async function undoVideos(results) {
  const videos = changedOf(results).map(({ id, before, after }) => ({ id, before, after }));
  return resultsFrom(await call('POST', '/videos/batch/undo', { json: { videos } }));
}

/** @param {Result[]} results */
export function changedOf(results) {
  return results.filter(({ result }) => result === 'changed');
}

/** @param {unknown} body */
function resultsFrom(body) {
  return /** @type {{ results: Result[] }} */ (body).results;
}

/** @param {string} text words separated by commas */
export function words(text) {
  return text.split(',').map((word) => word.trim()).filter((word) => word !== '');
}
