/** HTTP for uploads by XMLHttpRequest, because `fetch` does not tell how much of a body has been sent. */
import { ownPath } from '../lib/address.js';
import { ApiError, csrfToken, noteStatus } from '../lib/api.js';

/**
 * @param {import('./tus.js').Call} call
 * @returns {Promise<import('./tus.js').Answer>}
 */
export function send({ method, url, headers, body, signal, onSent }) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const path = ownPath(url, null);
    if (path === null) return reject(new ApiError(0, 'unexpected'));
    const request = new XMLHttpRequest();
    request.open(method, path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (method !== 'HEAD') request.setRequestHeader('X-CSRF-Token', csrfToken());
    if (onSent) request.upload.onprogress = (event) => onSent(event.loaded);
    const stop = () => request.abort();
    signal.addEventListener('abort', stop, { once: true });
    request.onloadend = () => {
      signal.removeEventListener('abort', stop);
      noteStatus(request.status);
      if (signal.aborted) reject(signal.reason);
      else if (request.status === 0) reject(new ApiError(0, 'offline'));
      else {
        resolve({
          status: request.status,
          header: (name) => request.getResponseHeader(name),
          text: request.responseText,
        });
      }
    };
    request.send(body ?? null);
  });
}

/**
 * Waits, but not while the browser knows that there is a network again.
 * @param {number} seconds
 * @param {AbortSignal} signal
 */
export async function wait(seconds, signal) {
  await new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      globalThis.removeEventListener('online', done);
      resolve(undefined);
    };
    const timer = setTimeout(done, seconds * 1000);
    globalThis.addEventListener('online', done);
    signal.addEventListener('abort', done, { once: true });
  });
}
