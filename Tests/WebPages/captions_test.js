import { Captions } from '../../web/player/captions.js';
import { keepFor } from '../../web/lib/belongings.js';
import { freshDevice } from './device.js';
import { equal, ok } from './assert.js';

/** @typedef {import('../../web/player/tracks.js').Alternative} Alternative */

/** A `<track>`, whose file is read or not as the test says. */
class Track extends EventTarget {
  kind = '';
  label = '';
  srclang = '';
  src = '';
  track = { mode: 'disabled', kind: 'subtitles', label: '', language: '' };
  video = /** @type {Video | null} */ (null);

  remove() {
    if (this.video) this.video.tracks = this.video.tracks.filter((track) => track !== this);
  }
}

class Video {
  /** @type {Track[]} */
  tracks = [];
  /** Files that cannot be read. @type {Set<string>} */
  broken = new Set();
  textTracks = Object.assign(new EventTarget(), {
    [Symbol.iterator]: () => this.tracks.map(({ track }) => track)[Symbol.iterator](),
  });

  /** @param {Track} track */
  append(track) {
    this.tracks.push(track);
    track.video = this;
    queueMicrotask(() => track.dispatchEvent(new Event(this.broken.has(track.src) ? 'error' : 'load')));
  }

  /** What is to be read: the files of the tracks that show. */
  get showing() {
    return this.tracks.filter(({ track }) => track.mode === 'showing').map(({ src }) => src);
  }
}

/** @param {string} name @param {Partial<Alternative>} [more] */
function alternative(name, more = {}) {
  return { name, language: name, isDefault: false, isForced: false, describes: false, ...more };
}

/**
 * @param {(stage: { video: Video, captions: Captions, settled: () => Promise<void> }) => Promise<void>} body
 */
async function stage(body) {
  freshDevice();
  keepFor('ann');
  const video = new Video();
  const scope = /** @type {{ document?: unknown }} */ (globalThis);
  const before = scope.document;
  scope.document = { createElement: () => new Track() };
  const stop = new AbortController();
  const element = /** @type {HTMLVideoElement} */ (/** @type {unknown} */ (video));
  const captions = new Captions(element, () => {});
  captions.watch(stop.signal);
  try {
    await body({ video, captions, settled: () => new Promise((resolve) => setTimeout(resolve)) });
  } finally {
    stop.abort();
    scope.document = before;
  }
}

const fileOf = (/** @type {Alternative} */ { name }) => Promise.resolve(`${name}.vtt`);

Deno.test('captions are read when they are chosen, and only these', () =>
  stage(async ({ video, captions, settled }) => {
    const [english, spanish] = [alternative('en'), alternative('es', { describes: true })];
    captions.offer([english, spanish], fileOf);
    await settled();
    equal([video.tracks.length, captions.shown], [0, null]);
    captions.choose(spanish);
    await settled();
    equal(video.showing, ['es.vtt']);
    equal([video.tracks[0].kind, video.tracks[0].srclang], ['captions', 'es']);
    captions.choose(english);
    await settled();
    equal(video.showing, ['en.vtt']);
    captions.choose(null);
    equal([video.tracks.length, captions.shown], [0, null]);
  }));

Deno.test('of two choices the later one is shown, whichever file comes first', () =>
  stage(async ({ video, captions, settled }) => {
    /** @type {Map<string, (file: string) => void>} */
    const answers = new Map();
    const [english, spanish] = [alternative('en'), alternative('es')];
    captions.offer([english, spanish], ({ name }) => new Promise((resolve) => answers.set(name, resolve)));
    captions.choose(english);
    captions.choose(spanish);
    answers.get('es')?.('es.vtt');
    answers.get('en')?.('en.vtt');
    await settled();
    equal(video.showing, ['es.vtt']);
  }));

Deno.test('the key turns them off and on, and the next film begins as this one ended', () =>
  stage(async ({ video, captions, settled }) => {
    captions.toggle();
    equal(captions.shown, null);
    captions.offer([alternative('en'), alternative('es')], fileOf);
    captions.toggle();
    await settled();
    equal(video.showing, ['en.vtt']);
    captions.toggle();
    equal(video.showing, []);
    captions.choose(captions.list[1]);
    const [next, other] = [new Video(), [alternative('ru', { isDefault: true }), alternative('es')]];
    const element = /** @type {HTMLVideoElement} */ (/** @type {unknown} */ (next));
    new Captions(element, () => {}).offer(other, fileOf);
    await settled();
    equal(next.showing, ['es.vtt']);
  }));

Deno.test('captions without a language come back as well', () =>
  stage(async ({ video, captions, settled }) => {
    captions.offer([alternative('1', { language: null }), alternative('2', { language: null })], fileOf);
    captions.choose(captions.list[1]);
    captions.toggle();
    captions.toggle();
    await settled();
    equal(video.showing, ['2.vtt']);
  }));

Deno.test('captions that come later are shown if they are wished for', () =>
  stage(async ({ video, captions, settled }) => {
    captions.offer([], fileOf);
    captions.offer([alternative('en', { isDefault: true })], fileOf);
    await settled();
    equal(video.showing, ['en.vtt']);
  }));

Deno.test('a fresh list, as it comes with a fresh grant, leaves what is shown alone', () =>
  stage(async ({ video, captions, settled }) => {
    captions.offer([alternative('en')], fileOf);
    captions.choose(captions.list[0]);
    await settled();
    const [track] = video.tracks;
    captions.offer([alternative('es'), alternative('en')], fileOf);
    await settled();
    ok(video.tracks[0] === track && track.track.mode === 'showing', 'it was read anew');
    ok(captions.shown === captions.list[1], 'the menu would mark none');
    captions.offer([alternative('es')], fileOf);
    equal([video.tracks.length, captions.shown], [0, null]);
  }));

Deno.test('a file that cannot be read is asked for again, by a fresh address', () =>
  stage(async ({ video, captions, settled }) => {
    let asked = 0;
    video.broken.add('1.vtt');
    captions.offer([alternative('en')], () => Promise.resolve(`${++asked}.vtt`));
    captions.choose(captions.list[0]);
    for (let looks = 0; !video.showing.includes('2.vtt'); looks++) {
      ok(looks < 5000, 'it was given up');
      await settled();
    }
    equal([video.tracks.length, asked], [1, 2]);
  }));

Deno.test('tracks that the page itself brings are captions too', () =>
  stage(async ({ video, captions, settled }) => {
    const own = new Track();
    Object.assign(own.track, { kind: 'captions', label: 'Deutsch', language: 'de' });
    video.append(own);
    captions.offer([alternative('en')], fileOf);
    equal(captions.list.map(({ name }) => name), ['en', 'Deutsch']);
    captions.choose(captions.list[1]);
    equal(own.track.mode, 'showing');
    captions.choose(captions.list[0]);
    await settled();
    equal([own.track.mode, video.showing], ['disabled', ['en.vtt']]);
  }));

Deno.test("what a menu of the browser's own hides and shows is known", () =>
  stage(async ({ video, captions, settled }) => {
    captions.offer([alternative('en')], fileOf);
    captions.choose(captions.list[0]);
    await settled();
    video.tracks[0].track.mode = 'disabled';
    video.textTracks.dispatchEvent(new Event('change'));
    equal(captions.shown, null);
  }));
