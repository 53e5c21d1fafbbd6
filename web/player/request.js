/** One download with progress, a limit on silence, and errors by kind. */
import { LoadError, troubleFor } from './retry.js';

/**
 * @typedef {object} RequestOptions
 * @property {AbortSignal} signal
 * @property {import('./playlist.js').ByteRange | null} [byteRange]
 * @property {import('./adaptation.js').ThroughputMeter} [meter]
 * @property {(received: number, expected: number, seconds: number) => void} [onProgress] seconds since the first byte
 */

/** Seconds: the server may hold an answer back while it makes the segment; a body must not stand still. */
const answerWithin = 45;
const silenceLimit = 15;

const seconds = () => performance.now() / 1000;

/**
 * @param {string} url
 * @param {RequestOptions} options
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function download(url, options) {
  const { signal } = options;
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), answerWithin * 1000);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), silenceLimit * 1000);
  };
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, silence.signal]),
      credentials: 'same-origin',
      headers: options.byteRange ? { Range: rangeHeader(options.byteRange) } : {},
    });
    alive();
    if (!response.ok) {
      await response.body?.cancel();
      throw troubleFor(response.status, response.headers.get('Retry-After'));
    }
    return await readBody(response, options, alive);
  } catch (error) {
    if (error instanceof LoadError) throw error;
    if (signal.aborted) throw new LoadError('aborted', { cause: error });
    throw new LoadError(silence.signal.aborted ? 'slow' : 'offline', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** @param {import('./playlist.js').ByteRange} range */
function rangeHeader({ offset, length }) {
  return `bytes=${offset}-${offset + length - 1}`;
}

/**
 * @param {Response} response
 * @param {RequestOptions} options
 * @param {() => void} alive
 */
async function readBody(response, { meter, onProgress }, alive) {
  const expected = Number(response.headers.get('Content-Length') ?? 0);
  const began = seconds();
  meter?.begin(began);
  try {
    if (!response.body) return new Uint8Array(await response.arrayBuffer());
    /** @type {Uint8Array[]} */
    const pieces = [];
    let received = 0;
    for (const reader = response.body.getReader();;) {
      const { done, value } = await reader.read();
      if (done) break;
      alive();
      pieces.push(value);
      received += value.length;
      meter?.received(value.length);
      onProgress?.(received, expected, seconds() - began);
    }
    if (received < expected && !response.headers.has('Content-Encoding')) throw new LoadError('offline');
    return join(pieces, received);
  } finally {
    meter?.end(seconds());
  }
}

/**
 * @param {Uint8Array[]} pieces
 * @param {number} length
 */
function join(pieces, length) {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
