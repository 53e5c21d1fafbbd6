/** Trouble on the way to a piece of media: what kind it is and how long to wait. */

/**
 * `offline`: no answer · `slow`: no bytes for long · `preparing`: not made yet · `expired`: the grant is over ·
 * `missing`: not there (any more) · `server`: 5xx · `format`: cannot be read · `aborted`: we gave up ourselves
 * @typedef {'offline' | 'slow' | 'preparing' | 'expired' | 'missing' | 'server' | 'format' | 'aborted'} TroubleKind
 */

export class LoadError extends Error {
  /**
   * @param {TroubleKind} kind
   * @param {{ status?: number, retryAfter?: number | null, cause?: unknown }} [more] seconds
   */
  constructor(kind, { status = 0, retryAfter = null, cause } = {}) {
    super(`${kind}${status ? ` (${status})` : ''}`, { cause });
    this.name = 'LoadError';
    this.kind = kind;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * @param {number} status
 * @param {string | null} retryAfter the header: seconds or a date
 * @param {number} [now] milliseconds
 */
export function troubleFor(status, retryAfter, now = Date.now()) {
  const seconds = secondsFrom(retryAfter, now);
  if (status === 503 && seconds !== null) return new LoadError('preparing', { status, retryAfter: seconds });
  if (status === 401 || status === 403) return new LoadError('expired', { status });
  if (status === 404 || status === 410) return new LoadError('missing', { status });
  if (status >= 500 || status === 429 || status === 408) {
    return new LoadError('server', { status, retryAfter: seconds });
  }
  return new LoadError('missing', { status });
}

/**
 * @param {string | null} text
 * @param {number} now
 */
function secondsFrom(text, now) {
  if (text === null || text.trim() === '') return null;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, (date - now) / 1000);
}

/**
 * Seconds before the next attempt: 0.5, 1, 2, 4, then 8, each off by a fifth so that viewers do not come back at once.
 * @param {number} attempt from 0
 * @param {number} [chance] 0..1
 */
export function backOff(attempt, chance = Math.random()) {
  return Math.min(8, 0.5 * 2 ** attempt) * (0.8 + 0.4 * chance);
}

/**
 * How many attempts a kind of trouble is worth before viewers are told that it failed. A network that is away may come
 * back after a tunnel: no limit.
 * @param {TroubleKind} kind
 */
export function attemptsFor(kind) {
  if (kind === 'offline' || kind === 'slow' || kind === 'preparing') return Infinity;
  if (kind === 'server') return 8;
  return kind === 'expired' ? 3 : 1;
}

/** @param {LoadError} trouble */
export function isNetwork({ kind }) {
  return kind === 'offline' || kind === 'slow' || kind === 'server';
}

/**
 * @param {unknown} error
 * @returns {import('./playback.js').Failure}
 */
export function failureFrom(error) {
  if (error instanceof LoadError) {
    if (error.kind === 'expired' || error.kind === 'missing' || error.kind === 'server') return error.kind;
    if (error.kind === 'format') return 'unsupported';
    return 'unexpected';
  }
  if (typeof MediaError !== 'undefined' && error instanceof MediaError) return 'decode';
  return 'unexpected';
}

/**
 * @param {number} seconds
 * @param {AbortSignal} signal
 */
export async function pause(seconds, signal) {
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(undefined);
    }, { once: true });
  });
}

/**
 * Asks until there is an answer, or no hope of one.
 * @template T
 * @param {() => Promise<T>} ask
 * @param {{ signal: AbortSignal, renew: () => Promise<void>, troubled?: (error: LoadError) => void }} environment
 * @returns {Promise<T>}
 */
export async function untilAnswered(ask, { signal, renew, troubled = () => {} }) {
  for (let attempt = 0;; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof LoadError) || attempt >= attemptsFor(error.kind)) throw error;
      troubled(error);
      if (error.kind === 'expired') await renew();
      else await pause(error.retryAfter ?? backOff(attempt), signal);
    }
  }
}
