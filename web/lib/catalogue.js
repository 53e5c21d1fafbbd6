/** What a person finds and what they keep for themselves: search, favourites, playlists, history. */
import { call } from './api.js';
import { searchQuery } from './search-address.js';

/** @typedef {import('./api.js').Video} Video */
/** @typedef {{ start: number, length: number }} TextRange in UTF-16 code units */
/**
 * @typedef {object} Highlight
 * @property {'title' | 'category' | 'tag' | 'person' | 'description' | 'spoken'} field
 * @property {string} text plain, no HTML
 * @property {TextRange[]} ranges
 * @property {number} [time] the second at which it is said
 */
/** @typedef {{ value: string, count: number }} ValueCount */
/** @typedef {{ total: number, category: ValueCount[], status: ValueCount[], tag: ValueCount[], person: ValueCount[], language: ValueCount[] }} Counts */
/** @typedef {Video & { highlights?: Highlight[] }} Found */
/** @typedef {{ data: Found[], next_cursor: string | null, counts: Counts | null }} FoundPage counts: on the first page */
/** @typedef {{ kind: 'category' | 'person' | 'tag' | 'video', text: string, video_id: string | null }} Suggestion */
/** @typedef {{ id: string, name: string, video_count: number }} Category */
/** @typedef {Category & { kind: string | null }} Person somebody in front of the camera */
/** @typedef {{ name: string, video_count: number }} Tag */
/**
 * @typedef {object} Watched
 * @property {string} id of the video
 * @property {Video} video
 * @property {number} position seconds
 * @property {number | null} duration seconds
 * @property {number} resume_at seconds; 0 where playing begins at the start
 * @property {boolean} watched
 * @property {string} last_watched_at
 */
/** @typedef {{ id: string, name: string, video_count: number, created_at: string, updated_at: string }} Playlist */
/** @typedef {Playlist & { data: Video[], next_cursor: string | null }} OpenedPlaylist */
/**
 * @template T
 * @typedef {{ data: T[], next_cursor: string | null }} Page
 */

/**
 * @param {string} path
 * @param {string | null} cursor
 * @param {AbortSignal} [signal]
 * @param {Record<string, string>} [more] of the query
 */
function page(path, cursor, signal, more = {}) {
  const query = new URLSearchParams(more);
  if (cursor !== null) query.set('cursor', cursor);
  return call('GET', `${path}?${query}`, { signal });
}

/** @param {string} id */
const one = (id) => encodeURIComponent(id);

/**
 * @param {import('./search-address.js').Search} search
 * @param {string | null} cursor
 * @param {AbortSignal} signal
 */
export async function searchVideos(search, cursor, signal) {
  const query = searchQuery(search);
  if (cursor !== null) query.set('cursor', cursor);
  return /** @type {FoundPage} */ (await call('GET', `/videos/search?${query}`, { signal }));
}

/**
 * @param {string} words
 * @param {AbortSignal} signal
 */
export async function suggest(words, signal) {
  const query = new URLSearchParams({ q: words });
  const answer = await call('GET', `/videos/suggestions?${query}`, { signal });
  return /** @type {{ data: Suggestion[] }} */ (answer).data;
}

/** @param {AbortSignal} signal */
export async function listCategories(signal) {
  return /** @type {Page<Category>} */ (await page('/categories', null, signal, { limit: '100' }));
}

/**
 * What is known of a person in videos beside the name; null when there is none of it.
 * @param {string} name
 * @param {AbortSignal} signal
 */
export async function personNamed(name, signal) {
  const found = /** @type {Page<Person>} */ (await page('/people', null, signal, { name }));
  return found.data[0] ?? null;
}

/**
 * @param {string | null} cursor
 * @param {AbortSignal} signal
 */
export async function listTags(cursor, signal) {
  return /** @type {Page<Tag>} */ (await page('/tags', cursor, signal, { limit: '100' }));
}

/**
 * What is like a video, the most alike first.
 * @param {string} id
 * @param {AbortSignal} signal
 */
export async function relatedVideos(id, signal) {
  const answer = await call('GET', `/videos/${one(id)}/related`, { signal });
  return /** @type {{ data: Video[] }} */ (answer).data;
}

/**
 * @param {string | null} cursor
 * @param {AbortSignal} signal
 */
export async function listFavorites(cursor, signal) {
  return /** @type {Page<Video>} */ (await page('/me/favorites', cursor, signal, { limit: '24' }));
}

/**
 * @param {string} id
 * @param {boolean} wanted
 */
export async function keepFavorite(id, wanted) {
  await call(wanted ? 'PUT' : 'DELETE', `/videos/${one(id)}/favorite`);
}

/**
 * @param {string | null} cursor
 * @param {AbortSignal} signal
 * @param {{ isUnfinished?: boolean, limit?: number }} [which]
 */
export async function listHistory(cursor, signal, { isUnfinished = false, limit = 24 } = {}) {
  const more = { limit: String(limit), ...(isUnfinished ? { state: 'unfinished' } : {}) };
  return /** @type {Page<Watched>} */ (await page('/me/history', cursor, signal, more));
}

/** @param {string} id of a video */
export async function forgetWatching(id) {
  await call('DELETE', `/me/history/${one(id)}`);
}

export async function forgetHistory() {
  await call('DELETE', '/me/history');
}

/**
 * @param {string} id
 * @param {boolean} watched
 */
export async function markWatched(id, watched) {
  await call(watched ? 'PUT' : 'DELETE', `/videos/${one(id)}/watched`);
}

/**
 * @param {string | null} cursor
 * @param {AbortSignal} [signal]
 */
export async function listPlaylists(cursor, signal) {
  return /** @type {Page<Playlist>} */ (await page('/me/playlists', cursor, signal, { limit: '50' }));
}

/** @param {string} name */
export async function createPlaylist(name) {
  return /** @type {Playlist} */ (await call('POST', '/me/playlists', { json: { name } }));
}

/**
 * @param {string} id
 * @param {string | null} cursor
 * @param {AbortSignal} signal
 */
export async function openPlaylist(id, cursor, signal) {
  return /** @type {OpenedPlaylist} */ (await page(`/me/playlists/${one(id)}`, cursor, signal, {
    limit: '50',
  }));
}

/**
 * @param {string} id
 * @param {string} name
 */
export async function renamePlaylist(id, name) {
  return /** @type {Playlist} */ (await call('PATCH', `/me/playlists/${one(id)}`, { json: { name } }));
}

/** @param {string} id */
export async function removePlaylist(id) {
  await call('DELETE', `/me/playlists/${one(id)}`);
}

/**
 * @param {string} id
 * @param {string} video
 * @param {number} [position] counted from 0; without it a new one comes to the end
 */
export async function putIntoPlaylist(id, video, position) {
  const place = position === undefined ? undefined : { position };
  await call('PUT', `/me/playlists/${one(id)}/videos/${one(video)}`, { json: place });
}

/**
 * @param {string} id
 * @param {string} video
 */
export async function takeFromPlaylist(id, video) {
  await call('DELETE', `/me/playlists/${one(id)}/videos/${one(video)}`);
}
