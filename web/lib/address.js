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
 * Leaves for the page by which a provider ends its own sign-in, which then leads back here.
 * @param {string} address as the server has it from the provider
 */
export function leaveForProvider(address) {
  location.replace(providerPage(address));
}

/**
 * The same address when it is a page, else our sign-in.
 * @param {string} address
 */
export function providerPage(address) {
  const url = misleading.test(address) ? null : URL.parse(address);
  const isPage = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  return isPage ? url.href : '/sign-in';
}

/**
 * A page of the administration. Whatever an id or a filter says, it is one of ours.
 * @param {string[]} place such as `['people', id]`
 * @param {Record<string, string>} [query] what is empty is left out
 */
export function administrationPath(place, query = {}) {
  const path = ['', 'administration', ...place].map(encodeURIComponent).join('/');
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString();
  return search === '' ? path : `${path}?${search}`;
}

/**
 * The page of a video.
 * @param {string} id
 * @param {number} [second] at which it begins
 */
export function watchPath(id, second = 0) {
  const query = second > 0 ? `?t=${Math.floor(second)}` : '';
  return `/watch/${encodeURIComponent(id)}${query}`;
}

/**
 * The second at which the page of a video begins; null where its address names none.
 * @param {string} query of the address
 */
export function secondIn(query) {
  const text = new URLSearchParams(query).get('t') ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) : null;
}

/**
 * The page of what is filed under a name. The name stands in the query, because it may hold a slash.
 * @param {'category' | 'person' | 'tag'} kind
 * @param {string} name
 * @param {string} [sort] empty: the newest first
 */
export function namedPath(kind, name, sort = '') {
  const query = new URLSearchParams({ name, ...(sort === '' ? {} : { sort }) });
  return `/${kind}?${query}`;
}

/**
 * The page on which the captions of a video are edited.
 * @param {string} id
 * @param {string} [language] empty: the first
 */
export function captionsPath(id, language = '') {
  const query = language === '' ? '' : `?${new URLSearchParams({ language })}`;
  return `/videos/${encodeURIComponent(id)}/captions${query}`;
}

/**
 * The page of a playlist.
 * @param {string} id
 */
export function listPath(id) {
  return `/lists/${encodeURIComponent(id)}`;
}

/**
 * The address that begins a sign-in at an outside provider.
 * @param {string} provider
 * @param {string} next the page of ours that follows
 * @param {{ isLink?: boolean }} [how] isLink: for the account that is signed in
 */
export function providerPath(provider, next, { isLink = false } = {}) {
  const query = new URLSearchParams({ next: ownPath(next, '/', 'https://palco.invalid/') });
  if (isLink) query.set('link', '1');
  return `/api/v1/auth/oidc/${encodeURIComponent(provider)}?${query}`;
}

/**
 * The address that hands a secret to an authenticator of this device; null when it is anything else.
 * @param {string} address
 */
export function authenticatorAddress(address) {
  return address.startsWith('otpauth://totp/') && !misleading.test(address) ? address : null;
}

/** Longer than any secret of a link. */
const longestSecret = 1024;

/**
 * Takes a secret out of the address of this page, so that it stays neither in the address bar nor in the history, and goes
 * nowhere with the page's next requests. Links of mails have it behind `#`, where no server sees it.
 * @param {...string} names the first one that is there counts
 * @returns {string | null}
 */
export function takeSecret(...names) {
  const url = new URL(location.href);
  const places = [new URLSearchParams(url.hash.slice(1)), url.searchParams];
  const holders = places.filter((place) => names.some((name) => place.has(name)));
  if (holders.length === 0) return null;
  const [found = ''] = names.map((name) => holders[0].get(name)).filter((value) => value);
  for (const name of names) url.searchParams.delete(name);
  history.replaceState(history.state, '', ownPath(url.pathname + url.search, '/'));
  return found && found.length <= longestSecret ? found : null;
}

/**
 * Whether the address of this page holds such a secret again: a link that differs behind `#` alone loads no page by itself.
 * @param {...string} names
 */
export function holdsSecret(...names) {
  const behind = new URLSearchParams(location.hash.slice(1));
  return names.some((name) => behind.has(name));
}
