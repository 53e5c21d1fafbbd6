/**
 * Addresses that come from outside: the query of a link, an answer of the server, something kept on this device. None of
 * them is followed or asked before one of these functions has read it.
 */

/** Longer than any address of ours. */
const longest = 4096;
/** The URL parser drops tabs and line ends and takes a backslash for a slash, so none of them may come near it. */
// deno-lint-ignore no-control-regex
const misleading = /[\u0000-\u0020\u007f\\]/;
/** A slash in disguise: what reads the address next may take it for a real one. */
const disguisedSlash = /%2f|%5c/i;

/**
 * The same address as a path of this origin, or `otherwise` when it is not a plain path or leads anywhere else.
 * @template {string | null} T
 * @param {unknown} address
 * @param {T} otherwise
 * @param {string} [here] the address of this page
 * @returns {string | T}
 */
export function ownPath(address, otherwise, here = location.href) {
  if (typeof address !== 'string' || !address.startsWith('/')) return otherwise;
  const url = ownAddress(address, here);
  if (url === null) return otherwise;
  const { pathname, search, hash } = new URL(url);
  // `/.//other.example` is a path of ours, but what the parser makes of it is the name of another server.
  const path = pathname + search + hash;
  return ownAddress(path, here) === url ? path : otherwise;
}

/**
 * The whole address, when it lies on the origin of `base`; null when it does not, or cannot be read.
 * @param {unknown} address
 * @param {string} base what it is relative to
 * @returns {string | null}
 */
export function ownAddress(address, base) {
  if (typeof address !== 'string' || address.length > longest || misleading.test(address)) return null;
  const [url, origin] = [URL.parse(address, base), URL.parse(base)?.origin];
  if (url === null || url.origin !== origin || !/^https?:$/.test(url.protocol)) return null;
  if (url.username !== '' || url.password !== '') return null;
  if (url.pathname.startsWith('//') || disguisedSlash.test(url.pathname)) return null;
  return url.href;
}

/**
 * Leaves this page for another one of ours; the way back does not lead here again.
 * @param {unknown} address
 * @param {string} [otherwise] where to when that is none of our pages
 */
export function leaveFor(address, otherwise = '/') {
  location.replace(ownPath(address, otherwise));
}

/**
 * The page of a video.
 * @param {string} id
 */
export function watchPath(id) {
  return `/watch/${encodeURIComponent(id)}`;
}
