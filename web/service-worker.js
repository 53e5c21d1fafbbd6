/**
 * Answers when the server cannot be reached: with a page that says so. Nothing else is kept here, neither what the API answers
 * nor media. The server fills in the version of its files, so that another version is another worker, which clears up after
 * the one before.
 */
const assets = '{{assets}}';
const prefix = 'palco-offline ';
const kept = prefix + assets;
const page = '/offline';
const files = [
  'styles/tokens.css',
  'styles/base.css',
  'styles/components.css',
  'theme.js',
  'offline.js',
  'favicon.svg',
]
  .map((file) => `${assets}/${file}`);

/** Addresses that are no pages: what they answer is for programs, or is a file to be kept. */
const others = ['/api/', '/assets/', '/media/', '/docs'];

const worker = /** @type {any} */ (self);

async function keep() {
  const cache = await caches.open(kept);
  await cache.addAll([page, ...files].map((address) => new Request(address, { cache: 'reload' })));
  await worker.skipWaiting();
}

async function clearUp() {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith(prefix) && name !== kept).map((name) => caches.delete(name)),
  );
  await worker.clients.claim();
}

/**
 * @param {Request} request
 * @param {string} instead
 */
async function answer(request, instead) {
  try {
    return await fetch(request);
  } catch {
    const cache = await caches.open(kept);
    return (await cache.match(instead)) ?? Response.error();
  }
}

worker.addEventListener('install', (/** @type {any} */ event) => event.waitUntil(keep()));
worker.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(clearUp()));
worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const request = /** @type {Request} */ (event.request);
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (files.includes(pathname)) event.respondWith(answer(request, pathname));
  else if (request.mode === 'navigate' && !others.some((other) => pathname.startsWith(other))) {
    event.respondWith(answer(request, page));
  }
});
