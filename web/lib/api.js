/** The one door to Palco's HTTP API: session cookie, CSRF header, problem errors (RFC 9457). */

/**
 * @typedef {object} User
 * @property {string} id
 * @property {string} email
 * @property {string} name
 * @property {string} role
 * @property {string | null} [locale]
 * @property {boolean} [otp_enabled]
 * @property {boolean} [has_password] false: they sign in elsewhere only
 * @property {Duty[]} [duties]
 */
/** @typedef {'set_up_otp' | 'change_password'} Duty what a person must do before anything else is open to them */
/** @typedef {{ field: string, code: string, detail?: string }} FieldProblem */
/** @typedef {{ name: string, width: number, height: number, bandwidth: number, state: string }} Rendition */
/** @typedef {{ code: string, detail?: string | null }} VideoError */
/**
 * @typedef {object} Video
 * @property {string} id
 * @property {string} title
 * @property {string} [description]
 * @property {string} [description_html] of a few elements; absent in lists
 * @property {string | null} [category]
 * @property {string[]} [tags]
 * @property {boolean} [is_favorite] only where one video is asked for
 * @property {string[]} [people]
 * @property {string | null} [language] a tag of RFC 5646
 * @property {string | null} [recorded_on] such as 2026-01-31
 * @property {{ start: number, title: string }[]} [chapters]
 * @property {'video' | 'audio'} [kind]
 * @property {'pending' | 'processing' | 'ready' | 'failed'} status
 * @property {number} progress 0..1
 * @property {number | null} [duration] seconds
 * @property {number | null} [width]
 * @property {number | null} [height]
 * @property {string | null} [created_by]
 * @property {string} created_at
 * @property {string | null} [ready_at]
 * @property {string | null} [thumbnail_url] null until the picture is there, which may be after the video is ready
 * @property {Rendition[]} [renditions]
 * @property {VideoError | string | null} [error]
 * @property {number} [view_count]
 * @property {boolean} [is_premium]
 * @property {boolean} [is_hidden]
 * @property {boolean} [is_featured]
 * @property {{ kind: 'frame' | 'upload', time: number | null } | null} [poster] null: the automatic cover
 * @property {boolean} [has_password]
 * @property {string[]} [groups] ids of those that it is for, for those who may change it; none: for everybody
 * @property {VideoWarning[]} [warnings] for those who may change it
 * @property {Replacement} [replacement] for the same, while another file is to replace its own
 * @property {Fetch} [fetch] for the same, while the file is fetched from elsewhere
 */
/**
 * @typedef {object} Fetch
 * @property {'waiting' | 'receiving' | 'checking' | 'failed'} state
 * @property {string} host
 * @property {number} received_bytes
 * @property {number | null} total_bytes
 * @property {number} attempts
 * @property {{ code: string, detail: string } | null} error
 */
/**
 * @typedef {object} Replacement
 * @property {'processing' | 'failed'} state
 * @property {number} progress
 * @property {string} file_name
 * @property {number} byte_count
 * @property {VideoError | null} error
 */
/** @typedef {{ code: string, detail: string | null }} VideoWarning */
/** @typedef {{ status: string, playback_url: string | null, expires_at: string, resume_at?: number | null }} Playback */
/** @typedef {{ data: Video[], next_cursor: string | null }} VideoList */

export const base = '/api/v1';

const whoIsThere = '/auth/me';

/** An answer that says no. `code` is stable; `detail` is the server's own sentence, in English. */
export class ApiError extends Error {
  /**
   * @param {number} status 0: no answer at all
   * @param {string} code
   * @param {{ detail?: string, retryAfter?: number | null, errorId?: string | null, fields?: FieldProblem[] }} [more]
   */
  constructor(status, code, { detail = '', retryAfter = null, errorId = null, fields = [] } = {}) {
    super(detail || code);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.retryAfter = retryAfter;
    this.errorId = errorId;
    this.fields = fields;
  }
}

/**
 * @param {number} status
 * @param {string} text the body, problem+json or anything a proxy says instead
 * @param {string | null} [retryAfterHeader]
 */
export function problemFrom(status, text, retryAfterHeader = null) {
  /** @type {Record<string, unknown>} */
  let problem = {};
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === 'object') problem = value;
  } catch {
    // No JSON: the status has to do.
  }
  const wait = Number(problem.retry_after ?? retryAfterHeader ?? Number.NaN);
  return new ApiError(status, typeof problem.code === 'string' ? problem.code : `http_${status}`, {
    detail: typeof problem.detail === 'string' ? problem.detail : '',
    retryAfter: Number.isFinite(wait) ? wait : null,
    errorId: typeof problem.error_id === 'string' ? problem.error_id : null,
    fields: Array.isArray(problem.errors) ? problem.errors.filter(isFieldProblem) : [],
  });
}

/** @param {unknown} value */
function isFieldProblem(value) {
  if (value === null || typeof value !== 'object') return false;
  const { field, code } = /** @type {Record<string, unknown>} */ (value);
  return typeof field === 'string' && typeof code === 'string';
}

/** The token that proves a request comes from our own page; readable on purpose. */
export function csrfToken(cookies = document.cookie) {
  for (const pair of cookies.split('; ')) {
    if (pair.startsWith('palco_csrf=')) return decoded(pair.slice('palco_csrf='.length));
  }
  return '';
}

/** @param {string} text percent-encoded, or something that only looks so */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What happens when an answer is that nobody is signed in, or that the person has something else to do first. */
let unauthorized = () => {};

/** @param {() => void} listener instead of the one before */
export function onUnauthorized(listener) {
  unauthorized = listener;
}

/** The answers to a person who has a duty, whatever else they ask for. */
const callsToDuty = ['otp_setup_required', 'password_change_required'];

/**
 * Every answer of the server passes here, whichever way it was asked, but for the one about who is there.
 * @param {number} status
 * @param {string} [code] of the problem
 */
export function noteStatus(status, code = '') {
  if (status === 401 || callsToDuty.includes(code)) unauthorized();
}

/**
 * @param {string} method
 * @param {string} path below /api/v1
 * @param {{ json?: unknown, file?: Blob, asText?: boolean, signal?: AbortSignal, keepalive?: boolean }} [options]
 *   file: sent as what its type says; asText: the answer is no JSON
 * @returns {Promise<unknown>} the decoded body, null when there is none
 */
export async function call(method, path, { json, file, asText = false, signal, keepalive } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: asText ? '*/*' : 'application/json' };
  if (json !== undefined) headers['Content-Type'] = 'application/json';
  if (file !== undefined) headers['Content-Type'] = file.type;
  if (method !== 'GET') headers['X-CSRF-Token'] = csrfToken();
  let response;
  try {
    response = await fetch(base + path, {
      method,
      headers,
      body: json === undefined ? file : JSON.stringify(json),
      credentials: 'same-origin',
      cache: 'no-store',
      signal,
      keepalive,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'offline');
  }
  const text = await response.text();
  const problem = response.ok
    ? null
    : problemFrom(response.status, text, response.headers.get('Retry-After'));
  if (path !== whoIsThere) noteStatus(response.status, problem?.code);
  if (problem) throw problem;
  if (asText) return text;
  return text === '' ? null : JSON.parse(text);
}

/** @returns {Promise<User | null>} null: not signed in */
export async function signedInUser() {
  try {
    return userFrom(await call('GET', whoIsThere));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** @param {unknown} body */
export function userFrom(body) {
  const holder = /** @type {{ user?: User } & User} */ (body);
  return holder.user ?? holder;
}

/**
 * @param {boolean} [everywhere] every other device as well
 * @returns {Promise<string | null>} where an outside provider ends its own sign-in, when the person came by one
 */
export async function signOut(everywhere = false) {
  if (everywhere) {
    await call('POST', '/auth/logout', { json: { everywhere } });
    return null;
  }
  const answer = /** @type {{ location?: string | null } | null} */ (await call('POST', '/auth/oidc/logout'));
  return answer?.location ?? null;
}

/**
 * @param {object} [page]
 * @param {string | null} [page.cursor]
 * @param {number} [page.limit]
 * @param {AbortSignal} [page.signal]
 * @param {Record<string, string>} [page.filter] what is empty is left out
 */
export async function listVideos({ cursor = null, limit = 24, signal, filter = {} } = {}) {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(filter)) if (value !== '') query.set(name, value);
  if (cursor) query.set('cursor', cursor);
  return /** @type {VideoList} */ (await call('GET', `/videos?${query}`, { signal }));
}

/**
 * @param {string} id
 * @param {AbortSignal} [signal]
 */
export async function getVideo(id, signal) {
  return videoFrom(await call('GET', `/videos/${encodeURIComponent(id)}`, { signal }));
}

/**
 * @param {string} id
 * @param {Partial<Video>} changes
 */
export async function changeVideo(id, changes) {
  return videoFrom(await call('PATCH', `/videos/${encodeURIComponent(id)}`, { json: changes }));
}

/**
 * Begins a video whose file the server fetches by itself.
 * @param {string} address
 */
export async function fetchVideo(address) {
  return videoFrom(await call('POST', '/videos', { json: { input_url: address } }));
}

/**
 * Those of a person that are fetched now, or whose fetch failed.
 * @param {string} userId
 * @param {AbortSignal} signal
 */
export async function fetchingVideos(userId, signal) {
  const lists = await Promise.all(['failed', 'pending'].map((status) => {
    const query = new URLSearchParams({ status, uploader: userId, limit: '50' });
    return call('GET', `/videos?${query}`, { signal });
  }));
  const videos = lists.flatMap((list) => /** @type {VideoList} */ (list).data);
  return videos.filter((video) => video.fetch).reverse();
}

/** @param {unknown} body */
function videoFrom(body) {
  const holder = /** @type {{ video?: Video } & Video} */ (body);
  return holder.video ?? holder;
}

/** @param {string} id */
export async function deleteVideo(id) {
  await call('DELETE', `/videos/${encodeURIComponent(id)}`);
}

/** @param {string} id */
export async function retryVideo(id) {
  await call('POST', `/videos/${encodeURIComponent(id)}/retry`);
}

/** Ends what is to replace the file of a video. @param {string} id */
export async function endReplacement(id) {
  await call('DELETE', `/videos/${encodeURIComponent(id)}/replacement`);
}

/**
 * How many have it open by its password.
 * @param {string} id
 */
export async function countUnlocks(id) {
  const answer = await call('GET', `/videos/${encodeURIComponent(id)}/access-sessions`);
  return /** @type {{ live: number }} */ (answer).live;
}

/** @param {string} id */
export async function endUnlocks(id) {
  await call('DELETE', `/videos/${encodeURIComponent(id)}/access-sessions`);
}

/**
 * @param {string} id
 * @param {AbortSignal} [signal]
 */
export async function playVideo(id, signal) {
  return /** @type {Playback} */ (await call('GET', `/videos/${encodeURIComponent(id)}/play`, { signal }));
}

/**
 * Remembers where one is; nothing depends on it.
 * @param {string} id
 * @param {number} position seconds
 * @param {number} played seconds that were watched since the report before
 */
export async function reportPosition(id, position, played) {
  const path = `/videos/${encodeURIComponent(id)}/progress`;
  await call('POST', path, { json: { position, played }, keepalive: true }).catch(() => {});
}

/** @param {string} id */
export function originalURL(id) {
  return `${base}/videos/${encodeURIComponent(id)}/original`;
}

/**
 * What is seen at a moment.
 * @param {string} id
 * @param {number} time seconds
 * @param {number} width pixels
 */
export function frameURL(id, time, width) {
  const query = new URLSearchParams({ time: time.toFixed(3), width: String(width) });
  return `${base}/videos/${encodeURIComponent(id)}/thumbnail.jpg?${query}`;
}

/**
 * @param {string} id
 * @param {{ time: number } | { file: File }} choice
 */
export async function chooseCover(id, choice) {
  const body = 'file' in choice ? { file: choice.file } : { json: choice };
  return videoFrom(await call('PUT', `/videos/${encodeURIComponent(id)}/poster`, body));
}

/** @param {string} id */
export async function removeCover(id) {
  return videoFrom(await call('DELETE', `/videos/${encodeURIComponent(id)}/poster`));
}

/** @param {string} id */
export function storyboardURL(id) {
  return `${base}/videos/${encodeURIComponent(id)}/storyboard.vtt`;
}
