import { RecordedFeed } from '../../web/player/feed.js';
import { equal, fails } from './assert.js';

const key = Uint8Array.from({ length: 16 }, (_, place) => place + 1);
const iv = Uint8Array.from({ length: 16 }, (_, place) => 16 - place);

/** @param {Uint8Array<ArrayBuffer>} plain */
async function encrypt(plain) {
  const imported = await crypto.subtle.importKey('raw', key, 'AES-CBC', false, ['encrypt']);
  return new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, imported, plain));
}

const hexIV = [...iv].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** By path below the grant. */
function files() {
  const list = (/** @type {string} */ name) =>
    `#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n#EXT-X-KEY:METHOD=AES-128,URI="key",IV=0x${hexIV}\n#EXTINF:4,\n0.m4s\n#EXTINF:2.5,\n1.m4s\n#EXT-X-ENDLIST\n# ${name}\n`;
  return {
    '/master.m3u8': `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="audio",DEFAULT=YES,URI="audio/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=1280x720,CODECS="avc1.64001f,mp4a.40.2",AUDIO="a"
720p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=426x240,CODECS="avc1.42c015,mp4a.40.2",AUDIO="a"
240p/index.m3u8
`,
    '/240p/index.m3u8': list('240p'),
    '/720p/index.m3u8': list('720p').replace('0.m4s', '/media/720p/0.m4s'),
    '/720p/key': key,
    '/240p/init.mp4': 'init',
    '/240p/key': key,
  };
}

/**
 * A server of its own for each test; answers what was asked of it.
 * @param {(port: number, asked: string[], state: { grant: string }) => Promise<void>} body
 */
async function withServer(body) {
  /** @type {string[]} */
  const asked = [];
  const state = { grant: 'one' };
  const segment = await encrypt(new TextEncoder().encode('picture'));
  const server = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen() {} }, (request) => {
    const path = new URL(request.url).pathname;
    if (path === '/media/720p/0.m4s') return new Response(segment);
    const [, grant, pathname] = path.match(/^\/play\/([^/]+)(\/.*)$/) ?? [];
    asked.push(pathname);
    if (grant !== state.grant) return new Response(null, { status: 401 });
    if (pathname === '/240p/0.m4s') return new Response(segment);
    if (pathname === '/240p/1.m4s') {
      return new Response(null, { status: 503, headers: { 'Retry-After': '3' } });
    }
    const found = /** @type {Record<string, BodyInit>} */ (files())[pathname];
    return found === undefined ? new Response(null, { status: 404 }) : new Response(found);
  });
  try {
    await body(server.addr.port, asked, state);
  } finally {
    await server.shutdown();
  }
}

Deno.test('tracks come sorted, sound apart, and what the browser cannot play is left out', () =>
  withServer(async (port) => {
    const supports = (/** @type {string} */ mime) => !mime.includes('64001f');
    const feed = new RecordedFeed(`http://127.0.0.1:${port}/play/one/master.m3u8`, { supports });
    const all = new RecordedFeed(`http://127.0.0.1:${port}/play/one/master.m3u8`);
    const { signal } = new AbortController();
    const tracks = await all.open(signal);
    equal(tracks.map((track) => track.kind), ['video', 'audio']);
    equal(tracks[0].renditions.map((rendition) => rendition.mime), [
      'video/mp4; codecs="avc1.42c015"',
      'video/mp4; codecs="avc1.64001f"',
    ]);
    equal(tracks[1].renditions[0].mime, 'audio/mp4; codecs="mp4a.40.2"');
    equal((await feed.open(signal))[0].renditions.map((rendition) => rendition.name), ['240p']);
  }));

Deno.test('segments come decrypted; key, init and playlist are asked for once', () =>
  withServer(async (port, asked) => {
    const feed = new RecordedFeed(`http://127.0.0.1:${port}/play/one/master.m3u8`);
    const { signal } = new AbortController();
    const [{ renditions }] = await feed.open(signal);
    const low = renditions[0];
    equal((await feed.timeline(low, signal)).map(({ start, duration }) => [start, duration]), [[0, 4], [
      4,
      2.5,
    ]]);
    for (let time = 0; time < 2; time++) {
      equal(new TextDecoder().decode(await feed.segment(low, 0, { signal })), 'picture');
      equal(new TextDecoder().decode(await feed.init(low, 0, signal) ?? undefined), 'init');
      equal(await feed.init(low, 0, signal) === await feed.init(low, 1, signal), true);
    }
    for (const name of ['key', 'init.mp4', 'index.m3u8']) {
      equal(asked.filter((path) => path === `/240p/${name}`).length, 1);
    }
  }));

Deno.test('trouble has its kind, and a fresh grant goes on with the same keys', () =>
  withServer(async (port, asked, state) => {
    const feed = new RecordedFeed(`http://127.0.0.1:${port}/play/one/master.m3u8`);
    const { signal } = new AbortController();
    const [{ renditions }] = await feed.open(signal);
    const low = renditions[0];
    await feed.segment(low, 0, { signal });
    await fails(() => feed.segment(low, 1, { signal }), /preparing/);
    state.grant = 'two';
    await fails(() => feed.segment(low, 0, { signal }), /expired/);
    await feed.renew(`http://127.0.0.1:${port}/play/two/master.m3u8`, signal);
    equal(new TextDecoder().decode(await feed.segment(low, 0, { signal })), 'picture');
    equal(asked.filter((path) => path === '/240p/key').length, 1);
  }));

Deno.test('what all share is fetched without a grant, its key is not', () =>
  withServer(async (port, asked, state) => {
    const feed = new RecordedFeed(`http://127.0.0.1:${port}/play/one/master.m3u8`);
    const { signal } = new AbortController();
    const [{ renditions }] = await feed.open(signal);
    const high = renditions[1];
    await feed.timeline(high, signal);
    state.grant = 'two';
    await fails(() => feed.segment(high, 0, { signal }), /expired/);
    state.grant = 'one';
    equal(new TextDecoder().decode(await feed.segment(high, 0, { signal })), 'picture');
    // With the key at hand nothing asks for a grant.
    state.grant = 'two';
    asked.length = 0;
    equal(new TextDecoder().decode(await feed.segment(high, 0, { signal })), 'picture');
    equal(asked, []);
  }));

Deno.test('nobody answers: offline; our own stop: aborted', async () => {
  const feed = new RecordedFeed('http://127.0.0.1:9/play/one/master.m3u8');
  await fails(() => feed.open(new AbortController().signal), /offline/);
  await fails(() => feed.open(AbortSignal.abort()), /aborted/);
});
