/** What is in the browser's hands when the sound is changed, step by step. */
import { BufferGoal } from '../../web/player/buffer.js';
import { LoadError } from '../../web/player/retry.js';
import { Selection } from '../../web/player/selection.js';
import { TrackLoader } from '../../web/player/track-loader.js';
import { equal, ok } from './assert.js';

/** @typedef {{ start: number, end: number, what: string }} Piece */

const length = 4;
const count = 6;

/** Keeps what is appended as a SourceBuffer does: what comes later lies over what was there. */
class Buffer {
  /** @type {Piece[]} */
  pieces = [];
  /** @type {string[]} */
  log = [];

  /** @param {Uint8Array<ArrayBuffer>} data `init es`, or `es 8 12` */
  append = (data) => {
    const [what, start, end] = new TextDecoder().decode(data).split(' ');
    this.log.push(new TextDecoder().decode(data));
    if (what === 'init') return Promise.resolve();
    this.#cut(Number(start), Number(end));
    this.pieces.push({ what, start: Number(start), end: Number(end) });
    this.pieces.sort((first, second) => first.start - second.start);
    return Promise.resolve();
  };

  /**
   * @param {number} start
   * @param {number} end
   */
  remove = (start, end) => {
    ok(start < end, 'a browser throws here');
    this.log.push(`remove ${start} ${end}`);
    this.#cut(start, end);
    return Promise.resolve();
  };

  reset = () => Promise.resolve();
  changeType = () => Promise.resolve();
  idle = () => Promise.resolve();

  /**
   * @param {number} start
   * @param {number} end
   */
  #cut(start, end) {
    this.pieces = this.pieces.flatMap((piece) =>
      [
        { ...piece, end: Math.min(piece.end, start) },
        { ...piece, start: Math.max(piece.start, end) },
      ].filter((each) => each.start < each.end)
    );
  }

  get ranges() {
    return this.pieces.map(({ start, end }) => ({ start, end }));
  }

  /** What is heard at a time. @param {number} time */
  at(time) {
    return this.pieces.find(({ start, end }) => start <= time && time < end)?.what ?? null;
  }

  /** All that is heard from a time on. @param {number} time */
  from(time) {
    return [...new Set(this.pieces.filter(({ end }) => end > time).map(({ what }) => what))];
  }
}

/** A film of six segments in three sounds. */
class Feed {
  live = false;
  growing = false;
  captions = /** @type {import('../../web/player/playlist.js').Alternative[]} */ ([]);
  /** @type {((name: string, index: number) => Promise<void>)} before a segment is answered */
  before = () => Promise.resolve();
  /** @type {(name: string) => Promise<void>} before a list is answered */
  beforeList = () => Promise.resolve();

  /** @param {{ name: string }} rendition */
  timeline = async ({ name }) => {
    await this.beforeList(name);
    return Array.from({ length: count }, (_, place) => ({ start: place * length, duration: length }));
  };

  /** @type {Map<string, Uint8Array<ArrayBuffer>>} */
  #inits = new Map();
  /** Numbers of segments that another init segment explains. */
  mended = new Set();

  /**
   * @param {{ name: string }} rendition
   * @param {number} index
   */
  init = ({ name }, index) => {
    const text = `init ${name}${this.mended.has(index) ? '-mended' : ''}`;
    const init = this.#inits.get(text) ?? new TextEncoder().encode(text);
    this.#inits.set(text, init);
    return Promise.resolve(init);
  };

  /**
   * @param {{ name: string }} rendition
   * @param {number} index
   * @param {{ signal: AbortSignal }} options
   */
  segment = async ({ name }, index, { signal }) => {
    await this.before(name, index);
    if (signal.aborted) throw new LoadError('aborted');
    return new TextEncoder().encode(`${name} ${index * length} ${(index + 1) * length}`);
  };

  open = () => Promise.resolve([]);
  renew = () => Promise.resolve();
  refresh = () => Promise.resolve();
  captionsFile = () => Promise.resolve('');
}

/** @param {string} name */
function rendition(name) {
  return { name, mime: 'audio/mp4; codecs="mp4a.40.2"', bandwidth: 0, width: 0, height: 0, frameRate: 0 };
}

/**
 * @typedef {object} Stage
 * @property {Buffer} buffer
 * @property {Feed} feed
 * @property {ReturnType<typeof hostOf>} host
 * @property {TrackLoader} loader
 * @property {(name: string) => void} choose
 * @property {(holds: () => boolean, what: string) => Promise<void>} until
 */

/**
 * A loader of sound with all of `es` loaded and the playhead at `time`.
 * @param {number} time
 * @param {(stage: Stage) => Promise<void>} body
 */
async function playing(time, body) {
  const [buffer, feed] = [new Buffer(), new Feed()];
  const host = hostOf(feed, time);
  const sink = /** @type {import('../../web/player/sink.js').Sink} */ (/** @type {unknown} */ (buffer));
  const renditions = ['es', 'en', 'ru'].map(rendition);
  const loader = new TrackLoader(host, { kind: 'audio', renditions }, sink);
  const stop = new AbortController();
  host.time = 0;
  const running = loader.run(stop.signal);
  const until = async (/** @type {() => boolean} */ holds, /** @type {string} */ what) => {
    for (let looks = 0; !holds(); looks++) {
      ok(looks < 50_000, `never so: ${what}; ${buffer.log.join(', ')}`);
      loader.wake();
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  const choose = (/** @type {string} */ name) => {
    host.selection.sound = name;
    loader.replace();
  };
  try {
    await until(() => loader.finished, 'all of the first sound is there');
    host.time = time;
    buffer.log = [];
    await body({ buffer, feed, host, loader, choose, until });
  } finally {
    stop.abort();
    loader.wake();
    await running;
  }
}

/**
 * @param {Feed} feed
 * @param {number} time
 */
function hostOf(feed, time) {
  const surroundings = { meter: /** @type {any} */ ({ estimate: 1e6 }), playbackRate: 1, options: {} };
  const goal = new BufferGoal();
  goal.started = true;
  return {
    feed,
    goal,
    time,
    meter: surroundings.meter,
    playbackRate: 1,
    wantsData: true,
    automatic: true,
    selection: new Selection(surroundings, null),
    renew: () => Promise.resolve(),
    troubled: () => {},
    progressed: () => {},
    /** @type {unknown} */
    failure: null,
    fail(/** @type {unknown} */ error) {
      this.failure = error;
    },
  };
}

Deno.test('another sound begins under the playhead, and the old one is heard until it is there', () =>
  playing(9, async ({ buffer, feed, choose, until, loader }) => {
    /** @type {(string | null)[]} */
    const heard = [];
    feed.before = () => {
      heard.push(buffer.at(9), buffer.at(13));
      return Promise.resolve();
    };
    choose('en');
    await until(() => loader.finished, 'all of the second sound is there');
    equal(heard.slice(0, 2), ['es', 'es']);
    equal(buffer.log.slice(0, 2), ['init en', 'en 8 12']);
    equal(buffer.from(9), ['en']);
    equal(buffer.at(23), 'en');
  }));

Deno.test('nothing of the old sound is left ahead once the new one is heard', () =>
  playing(9, async ({ buffer, feed, choose, until }) => {
    /** @type {string[][]} */
    const left = [];
    feed.before = (_, index) => {
      if (index === 3) left.push(buffer.from(9));
      return Promise.resolve();
    };
    choose('en');
    await until(() => left.length > 0, 'the next segment is asked for');
    equal(left[0], ['en']);
  }));

Deno.test('nor behind, where a jump back would find it', () =>
  playing(14, async ({ buffer, host, loader, choose, until }) => {
    choose('en');
    await until(() => buffer.at(14) === 'en', 'it is heard');
    host.time = 2;
    loader.seeked();
    await until(() => loader.finished, 'all from there on is there');
    equal(buffer.from(2), ['en']);
  }));

Deno.test('a segment that is all but over is not loaded for its last moments', () =>
  playing(11.9, async ({ buffer, choose, until }) => {
    choose('en');
    await until(() => buffer.log.length >= 2, 'something came');
    equal(buffer.log.slice(0, 2), ['init en', 'en 12 16']);
  }));

Deno.test('each segment comes behind the init segment that explains it, and that only where it is another', () =>
  playing(0, async ({ buffer, feed, choose, until, loader }) => {
    feed.mended.add(2);
    choose('en');
    await until(() => loader.finished, 'all is there');
    const from = buffer.log.indexOf('init en');
    equal(buffer.log.slice(from).filter((line) => !line.startsWith('remove')), [
      'init en',
      'en 0 4',
      'en 4 8',
      'init en-mended',
      'en 8 12',
      'init en',
      'en 12 16',
      'en 16 20',
      'en 20 24',
    ]);
  }));

Deno.test('it is changed although the browser wants no more data', () =>
  playing(9, async ({ buffer, host, choose, until }) => {
    host.wantsData = false;
    choose('ru');
    await until(() => buffer.at(9) === 'ru', 'it is heard');
  }));

Deno.test('the last choice counts, however quickly they follow', () =>
  playing(9, async ({ buffer, feed, choose, until, loader }) => {
    let chosenAgain = false;
    feed.beforeList = (name) => {
      if (name === 'en' && !chosenAgain) {
        chosenAgain = true;
        choose('ru');
      }
      return Promise.resolve();
    };
    choose('en');
    await until(() => loader.finished && buffer.at(9) !== 'es', 'it is changed');
    equal(buffer.from(9), ['ru']);
    equal(buffer.log.filter((line) => line.includes('en')), []);
  }));

Deno.test('who changes the mind before the new sound came has the old one as it was', () =>
  playing(9, async ({ buffer, feed, choose, until, loader }) => {
    /** @type {() => void} */
    let answer = () => {};
    feed.before = (name) =>
      name === 'es' ? Promise.resolve() : new Promise((resolve) => (answer = () => resolve()));
    choose('en');
    await until(() => !loader.idle && !loader.finished, 'it is on its way');
    choose('es');
    answer();
    await until(() => loader.finished, 'all is there');
    equal(buffer.from(0), ['es']);
  }));

Deno.test('while a sound is being made the one before goes on, and no other takes its place', () =>
  playing(9, async ({ buffer, feed, choose, until }) => {
    let [asked, isMade] = [0, false];
    feed.before = (name, index) => {
      asked += Number(name === 'ru' && index === 2);
      const error = new LoadError('preparing', { retryAfter: 0.5 });
      return name === 'ru' && !isMade ? Promise.reject(error) : Promise.resolve();
    };
    choose('ru');
    await until(() => asked > 0, 'it is asked for');
    buffer.remove(12, 24);
    await until(() => buffer.log.includes('es 12 16'), 'the one before is loaded');
    isMade = true;
    await until(() => buffer.at(9) === 'ru', 'it is heard');
    equal([asked, buffer.log.filter((line) => line.includes('en'))], [2, []]);
  }));

Deno.test('a sound that is being made is not asked for again and again when there is no other to hear', () =>
  playing(9, async ({ buffer, feed, host, loader, until }) => {
    let [asked, isMade] = [0, false];
    feed.before = (_, index) => {
      asked += Number(index === 2);
      return isMade ? Promise.resolve() : Promise.reject(new LoadError('preparing', { retryAfter: 0.5 }));
    };
    buffer.remove(0, 24);
    loader.seeked();
    await until(() => asked > 0, 'it is asked for');
    isMade = true;
    let looksIdle = false;
    await until(() => {
      looksIdle ||= loader.idle && buffer.at(9) === null;
      return buffer.at(9) === 'es';
    }, 'it is heard');
    equal([asked, looksIdle, host.failure], [2, false, null]);
  }));

Deno.test('a sound that is gone leaves the one that is heard', () =>
  playing(9, async ({ buffer, host, feed, choose, until, loader }) => {
    choose('en');
    await until(() => loader.finished && buffer.at(9) === 'en', 'the second is heard');
    feed.before = (name) => name === 'ru' ? Promise.reject(new LoadError('missing')) : Promise.resolve();
    choose('ru');
    await until(() => host.selection.choose(loader) === 1, 'it is given up');
    await until(() => loader.finished, 'all is there');
    equal([buffer.from(9), host.failure], [['en'], null]);
  }));
