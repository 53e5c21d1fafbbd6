/** Links of videos, by which people without an account may watch them. */
import { call } from './api.js';

/**
 * @typedef {object} Share
 * @property {string} id
 * @property {string} url a path of this server
 * @property {string | null} embed_url
 * @property {string} created_at
 * @property {string | null} expires_at
 * @property {boolean} has_password of its own
 * @property {boolean} replaces_password
 * @property {number | null} view_limit
 * @property {number} view_count
 * @property {number} starts_at_seconds
 * @property {boolean} is_embeddable
 * @property {boolean} is_open
 */
/**
 * @typedef {object} ShareWish
 * @property {string | null} expires_at
 * @property {string | null} password
 * @property {boolean} replaces_password
 * @property {number | null} view_limit
 * @property {number} starts_at_seconds
 * @property {boolean} is_embeddable
 */
/**
 * @typedef {object} Shared what a link says of its video before it plays
 * @property {string | null} title null before the password was given
 * @property {boolean} asks_password
 * @property {number} starts_at_seconds
 * @property {boolean} is_embeddable
 * @property {string | null} thumbnail_url
 */
/**
 * @typedef {object} SharedPlayback
 * @property {string} status
 * @property {string | null} grant sent back, it goes on with the same view
 * @property {string | null} playback_url
 * @property {string | null} expires_at
 * @property {number} starts_at_seconds
 * @property {string} title
 * @property {'video' | 'audio'} kind
 * @property {string | null} thumbnail_url
 * @property {string | null} storyboard_url
 */

/** @param {string} part */
const one = (part) => encodeURIComponent(part);

/** @param {string} video */
export async function listShares(video) {
  const answer = await call('GET', `/videos/${one(video)}/shares`);
  return /** @type {{ data: Share[] }} */ (answer).data;
}

/**
 * @param {string} video
 * @param {ShareWish} wish
 */
export async function createShare(video, wish) {
  return /** @type {Share} */ (await call('POST', `/videos/${one(video)}/shares`, { json: wish }));
}

/**
 * @param {string} video
 * @param {string} share
 */
export async function removeShare(video, share) {
  await call('DELETE', `/videos/${one(video)}/shares/${one(share)}`);
}

/** @param {string} token */
export async function findShared(token) {
  return /** @type {Shared} */ (await call('GET', `/shares/${one(token)}`));
}

/**
 * Begins a view, or goes on with one.
 * @param {string} token
 * @param {{ password?: string | null, grant?: string | null }} visit
 */
export async function playShared(token, visit) {
  return /** @type {SharedPlayback} */ (await call('POST', `/shares/${one(token)}/play`, { json: visit }));
}
