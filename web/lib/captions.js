/** The captions that people write for a video, and what is said in it. */
import { ApiError, base, call } from './api.js';
import { ownPath } from './address.js';

/** @typedef {'subtitles' | 'captions'} CaptionKind */
/**
 * @typedef {object} CaptionFile
 * @property {string} language a tag of RFC 5646
 * @property {string | null} label
 * @property {CaptionKind} kind
 * @property {number} cue_count
 * @property {string} updated_at
 */

/** Bytes that the server takes. */
export const largestFile = 2 << 20;

/** @param {string} id @param {string} [language] */
function path(id, language) {
  const whole = `/videos/${encodeURIComponent(id)}/captions`;
  return language === undefined ? whole : `${whole}/${encodeURIComponent(language)}`;
}

/**
 * @param {string} id
 * @param {AbortSignal} [signal]
 */
export async function listCaptions(id, signal) {
  return /** @type {{ data: CaptionFile[] }} */ (await call('GET', path(id), { signal })).data;
}

/**
 * @param {string} id
 * @param {string} language
 * @param {AbortSignal} [signal]
 */
export async function captionsText(id, language, signal) {
  return /** @type {string} */ (await call('GET', `${path(id, language)}.vtt`, { asText: true, signal }));
}

/** Types that the server knows by name; it finds out by itself what any other file is. */
const types = ['text/vtt', 'application/x-subrip'];

/**
 * In place of those that are there in the language.
 * @param {string} id
 * @param {{ language: string, label: string | null, kind: CaptionKind }} what
 * @param {Blob} file WebVTT or SRT
 */
export async function putCaptions(id, { language, label, kind }, file) {
  const query = new URLSearchParams({ kind, ...(label ? { label } : {}) });
  const typed = new Blob([file], {
    type: types.includes(file.type) ? file.type : 'application/octet-stream',
  });
  const answer = await call('PUT', `${path(id, language)}?${query}`, { file: typed });
  return /** @type {CaptionFile} */ (answer);
}

/**
 * @param {string} id
 * @param {string} language
 */
export async function removeCaptions(id, language) {
  await call('DELETE', path(id, language));
}

/**
 * Where a file can be downloaded.
 * @param {string} id
 * @param {string} language
 * @param {'vtt' | 'srt'} format
 */
export function captionsAddress(id, language, format) {
  return ownPath(`${base}${path(id, language)}.${format}`, '/');
}

/**
 * What somebody wrote down of what is said, without times.
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<string | null>} null: nobody did
 */
export async function writtenTranscript(id, signal) {
  try {
    const answer = await call('GET', `/videos/${encodeURIComponent(id)}/transcript`, { signal });
    const { text, source } = /** @type {{ text: string, source: 'written' | 'captions' }} */ (answer);
    return source === 'written' ? text : null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/**
 * What the server says about lines of a file.
 * @param {unknown} error
 * @returns {{ line: number, code: string, detail: string }[]}
 */
export function wrongLines(error) {
  if (!(error instanceof ApiError)) return [];
  return error.fields.flatMap(({ field, code, detail = '' }) => {
    const found = /^line (\d+)$/.exec(field);
    return found === null ? [] : [{ line: Number(found[1]), code, detail }];
  });
}
