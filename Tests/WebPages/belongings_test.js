import {
  forgetBelongings,
  isKeeping,
  keepBelonging,
  keepFor,
  recallBelonging,
} from '../../web/lib/belongings.js';
import { recall, recallRecord, remember } from '../../web/lib/preferences.js';
import { keepPosition, positionOf } from '../../web/pages/positions.js';
import { listUnfinished, memoryFor } from '../../web/upload/unfinished.js';
import { freshDevice } from './device.js';
import { read, sources } from './sources.js';
import { equal, ok } from './assert.js';

const file = { name: 'biopsy of a patient.mp4', size: 1000 };

/** @param {string} person */
function watchAndUpload(person) {
  keepFor(person);
  keepPosition('0190-secret-film', { position: 60, duration: 600 });
  memoryFor(file).set(`${person}|film`, '/api/v1/uploads/1');
}

Deno.test('signing out leaves neither watch positions nor names of files on the device', () => {
  const device = freshDevice();
  remember('locale', 'es');
  watchAndUpload('ann');
  equal([positionOf('0190-secret-film'), listUnfinished('ann').length], [60, 1]);
  forgetBelongings();
  const left = JSON.stringify([...device.kept]);
  ok(!/ann|secret|biopsy|uploads/.test(left), left);
  equal(recall('locale'), 'es');
});

Deno.test('what is told after signing out is not kept', () => {
  const device = freshDevice();
  watchAndUpload('ann');
  forgetBelongings();
  keepPosition('0190-secret-film', { position: 61, duration: 600 });
  memoryFor(file).set('ann|film', '/api/v1/uploads/1');
  equal([...device.kept], []);
  equal([positionOf('0190-secret-film'), listUnfinished('ann')], [0, []]);
});

Deno.test('another person finds nothing of the one before, who did not sign out', () => {
  const device = freshDevice();
  watchAndUpload('ann');
  keepFor('bob');
  equal([positionOf('0190-secret-film'), listUnfinished('ann'), listUnfinished('bob')], [0, [], []]);
  const left = JSON.stringify([...device.kept]);
  ok(!/ann|secret|biopsy/.test(left), left);
});

Deno.test('the same person finds everything again', () => {
  freshDevice();
  watchAndUpload('ann');
  keepFor('ann');
  equal([positionOf('0190-secret-film'), listUnfinished('ann').length], [60, 1]);
});

Deno.test('a person whose id begins like that of another is another person', () => {
  freshDevice();
  watchAndUpload('ann');
  keepFor('an');
  equal(positionOf('0190-secret-film'), 0);
  watchAndUpload('an');
  keepFor('ann');
  equal(positionOf('0190-secret-film'), 0);
});

Deno.test('a tab of a person who signed out in another tab keeps nothing any more', () => {
  const device = freshDevice();
  watchAndUpload('ann');
  device.kept.clear(); // As the other tab does.
  equal(isKeeping(), false);
  keepBelonging('positions', { film: 5 });
  equal([...device.kept], []);
  device.kept.set('palco.person', 'bob');
  keepBelonging('positions', { film: 5 });
  equal([...device.kept.keys()], ['palco.person']);
  equal(Object.keys(recallBelonging('positions')), []);
});

Deno.test('with a full storage things are kept as long as the page, and forgotten just so', () => {
  const device = freshDevice();
  keepFor('ann');
  device.isFull = true;
  keepPosition('film', { position: 60, duration: 600 });
  equal([positionOf('film'), JSON.stringify([...device.kept]).includes('film')], [60, false]);
  forgetBelongings();
  keepFor('ann');
  equal(positionOf('film'), 0);
  remember('theme', 'dark');
  equal(recall('theme'), 'dark');
  device.isFull = false;
  remember('theme', 'light');
  equal([recall('theme'), device.getItem('palco.theme')], ['light', 'light']);
});

Deno.test('what somebody wrote into the storage does no harm', () => {
  const device = freshDevice();
  keepFor('ann');
  const entry = { url: '/u', name: 'a', size: 1, sent: 0, began: Date.now() };
  for (
    const broken of ['null', '[]', '7', '{"ann|x":null}', '{"ann|x":{"url":1}}', '{"__proto__":{"a":1}}', '{']
  ) {
    device.kept.set('palco.of.ann.uploads', broken);
    device.kept.set('palco.of.ann.positions', broken);
    equal([listUnfinished('ann'), positionOf('__proto__'), positionOf('constructor')], [[], 0, 0]);
  }
  device.kept.set('palco.of.ann.uploads', JSON.stringify({ 'ann|x': null, 'ann|y': entry }));
  equal(listUnfinished('ann').map(({ key }) => key), ['ann|y']);
  equal(recallRecord('nothing').toString, undefined);
  keepPosition('__proto__', { position: 60, duration: 600 });
  equal([positionOf('__proto__'), positionOf('toString')], [60, 0]);
});

Deno.test('the storage is touched in one place, and everything personal goes by way of its owner', () => {
  const touching = [...sources(/\.js$/)].filter(({ text }) =>
    /localStorage|sessionStorage|indexedDB|caches\.|cookieStore|navigator\.storage|BroadcastChannel/.test(
      text,
    )
  );
  equal(touching.map(({ path }) => path).sort(), [
    'lib/preferences.js',
    'offline.js',
    'service-worker.js',
    'theme.js',
  ]);
  // Before the first paint, and without the server, there are no modules; what was chosen is read there and no more.
  for (const path of ['theme.js', 'offline.js']) ok(!/setItem/.test(read(path)), path);
  const kept = [...sources(/\.js$/)].flatMap(({ path, text }) =>
    [...text.matchAll(/\b(?:remember|rememberRecord)\(([^,)]+)/g)].map((match) => `${path} ${match[1]}`)
  );
  equal(kept.filter((each) => !each.startsWith('lib/preferences.js')).sort(), [
    "components/header.js 'theme'",
    'lib/belongings.js name',
    'lib/belongings.js name',
    'lib/belongings.js nameFor(name',
    'lib/belongings.js owner',
    'lib/belongings.js owner',
    "lib/i18n.js 'locale'",
    "player/help.js 'shortcuts'",
    "player/palco-player.js 'muted'",
    "player/palco-player.js 'volume'",
    "player/throughput-memory.js 'throughput'",
  ]);
});

Deno.test('no worker keeps answers of the server', () => {
  for (const { path, text } of sources(/\.(?:js|html)$/)) {
    // A player in a frame talks to the page around it, and to no worker.
    const words = path === 'shared/frame-messages.js' ? text.replaceAll('postMessage', '') : text;
    ok(!/new (?:Shared)?Worker|postMessage/.test(words), path);
    if (path !== 'app.js') ok(!/serviceWorker/.test(text), path);
  }
  equal([...read('app.js').matchAll(/serviceWorker\??\.register\('([^']*)'\)/g)].map((match) => match[1]), [
    '/service-worker.js',
  ]);
  const worker = read('service-worker.js');
  ok(!/\.put\(|\.add\(|^import/m.test(worker), 'it keeps what it names and no more');
  const list = /const files = \[([^\]]*)\]/.exec(worker)?.[1] ?? '';
  const files = [...list.matchAll(/'([^']+)'/g)].map((match) => match[1]);
  const used = [...read('offline.html').matchAll(/\{\{assets\}\}\/([^"]+)"/g)].map((match) => match[1]);
  equal(files.sort(), [...new Set(used)].sort());
});

/**
 * The worker as a browser runs it, with a network of ours.
 * @param {(address: string) => Response} network throws where it is down
 */
function startWorker(network) {
  /** @type {Map<string, (event: any) => void>} */
  const listeners = new Map();
  /** @type {Map<string, Map<string, Response>>} */
  const stores = new Map([['palco-offline /assets/old', new Map()], ['other', new Map()]]);
  const caches = {
    open: (/** @type {string} */ name) => {
      const store = stores.get(name) ?? new Map();
      stores.set(name, store);
      return Promise.resolve({
        addAll: (/** @type {Request[]} */ all) => {
          for (const { url } of all) store.set(new URL(url).pathname, network(url));
          return Promise.resolve();
        },
        match: (/** @type {string} */ path) => Promise.resolve(store.get(path)?.clone()),
      });
    },
    keys: () => Promise.resolve([...stores.keys()]),
    delete: (/** @type {string} */ name) => Promise.resolve(stores.delete(name)),
  };
  const scope = {
    addEventListener: (/** @type {string} */ name, /** @type {any} */ listener) =>
      listeners.set(name, listener),
    skipWaiting: () => Promise.resolve(),
    clients: { claim: () => Promise.resolve() },
  };
  /** @param {string} address */
  class ScopedRequest extends Request {
    /**
     * @param {string} address
     * @param {RequestInit} [init]
     */
    constructor(address, init) {
      super(new URL(address, 'https://palco.test'), init);
    }
  }
  const fetching = (/** @type {Request} */ { url }) =>
    Promise.resolve().then(() => network(new URL(url).pathname));
  const text = read('service-worker.js').replace('{{assets}}', '/assets/new');
  new Function('self', 'caches', 'fetch', 'location', 'Request', text)(
    scope,
    caches,
    fetching,
    new URL('https://palco.test/service-worker.js'),
    ScopedRequest,
  );
  return {
    stores,
    /** @param {string} name */
    async tell(name) {
      /** @type {Promise<unknown>[]} */
      const waits = [];
      listeners.get(name)?.({ waitUntil: (/** @type {Promise<unknown>} */ each) => waits.push(each) });
      await Promise.all(waits);
    },
    /**
     * @param {string} address
     * @param {{ mode?: string, method?: string }} [how]
     * @returns {Promise<string> | null} null: it is none of the worker's business
     */
    ask(address, { mode = 'navigate', method = 'GET' } = {}) {
      /** @type {Promise<Response> | null} */
      let answer = null;
      const request = { url: new URL(address, 'https://palco.test').href, mode, method };
      listeners.get('fetch')?.({
        request,
        respondWith: (/** @type {Promise<Response>} */ each) => (answer = each),
      });
      return answer && /** @type {Promise<Response>} */ (answer).then((each) => each.text());
    },
  };
}

Deno.test('without the server a page says so; with it, and for all that is no page, the worker does nothing', async () => {
  let isDown = false;
  const worker = startWorker((address) => {
    if (isDown) throw new TypeError('down');
    return new Response(`answer of ${new URL(address, 'https://palco.test').pathname}`);
  });
  await worker.tell('install');
  await worker.tell('activate');
  equal([...worker.stores.keys()].sort(), ['other', 'palco-offline /assets/new']);
  equal(await worker.ask('/watch/1'), 'answer of /watch/1');
  isDown = true;
  for (const page of ['/', '/watch/1', '/search?q=x']) equal(await worker.ask(page), 'answer of /offline');
  equal(
    await worker.ask('/assets/new/styles/base.css', { mode: 'no-cors' }),
    'answer of /assets/new/styles/base.css',
  );
  for (const other of ['/api/v1/videos/1/original', '/media/1/a/0.m4s', '/assets/new/app.js', '/docs']) {
    equal(worker.ask(other), null);
  }
  equal(worker.ask('/api/v1/videos', { mode: 'cors' }), null);
  equal(worker.ask('/', { method: 'POST' }), null);
  equal(worker.ask('https://elsewhere.test/'), null);
  equal(worker.stores.get('palco-offline /assets/new')?.size, 7);
});
