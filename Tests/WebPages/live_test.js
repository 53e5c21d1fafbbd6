import { follow } from '../../web/lib/live.js';
import { equal } from './assert.js';

/** A stream that the test opens, breaks and refuses. */
class Stream extends EventTarget {
  static CLOSED = 2;
  /** @type {Stream[]} */
  static opened = [];
  readyState = 0;
  onopen = () => {};
  onerror = () => {};

  constructor() {
    super();
    Stream.opened.push(this);
  }

  close() {
    this.readyState = Stream.CLOSED;
  }

  /** The server answers with a status that is not 200. */
  refuse() {
    this.close();
    this.onerror();
  }

  /** The connection ends; the browser opens another one by itself. */
  breakOff() {
    this.onerror();
  }
}

/**
 * What a page hears from a stream, in a browser of the test's own.
 * @param {(heard: string[], page: { end: () => void, turn: (hidden: boolean) => void, waits: () => number[],
 *   pass: () => void }) => void} body
 */
function listening(body) {
  const scope = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (globalThis));
  const before = { EventSource: scope.EventSource, document: scope.document, setTimeout: scope.setTimeout };
  /** @type {{ then: () => void, wait: number }[]} */
  let timers = [];
  const document = Object.assign(new EventTarget(), { hidden: false });
  Stream.opened = [];
  Object.assign(scope, {
    EventSource: Stream,
    document,
    setTimeout: (/** @type {() => void} */ then, /** @type {number} */ wait) => timers.push({ then, wait }),
  });
  /** @type {string[]} */
  const heard = [];
  const end = follow('/events', {
    changed: (video, event) => heard.push(`${event} ${video.id}`),
    caughtUp: () => heard.push('ask again'),
  });
  try {
    body(heard, {
      end,
      turn: (hidden) => {
        document.hidden = hidden;
        document.dispatchEvent(new Event('visibilitychange'));
      },
      waits: () => timers.map(({ wait }) => wait),
      pass: () => {
        const due = timers;
        timers = [];
        for (const { then } of due) then();
      },
    });
  } finally {
    end();
    Object.assign(scope, before);
  }
}

const last = () => /** @type {Stream} */ (Stream.opened.at(-1));

Deno.test('changes are heard, and what is no video is not', () =>
  listening((heard) => {
    const data = ['{"id":"a"}', '{"video":{"id":"b"}}', '{"id":7}', 'null', '<'];
    for (const text of data) last().dispatchEvent(new MessageEvent('progress', { data: text }));
    equal(heard, ['progress a', 'progress b']);
  }));

Deno.test('a stream that breaks off and opens again makes the page ask for what it missed', () =>
  listening((heard) => {
    last().onopen();
    equal(heard, []);
    last().breakOff();
    equal([heard, Stream.opened.length], [[], 1]);
    last().onopen();
    equal(heard, ['ask again']);
  }));

Deno.test('a refused stream makes the page ask why at once, and is tried again later and later', () =>
  listening((heard, { pass, waits }) => {
    last().onopen();
    last().refuse();
    equal([heard, waits(), Stream.opened.length], [['ask again'], [2000], 1]);
    pass();
    equal(Stream.opened.length, 2);
    last().refuse();
    equal([heard.length, waits()], [2, [4000]]);
    for (let attempt = 0; attempt < 6; attempt++) {
      pass();
      last().refuse();
    }
    equal(waits(), [30_000]);
  }));

Deno.test('a page that ends because its stream was refused does not come back', () =>
  listening((heard, { end, pass, waits, turn }) => {
    const page = { ask: () => end() };
    heard.push = () => {
      page.ask();
      return 0;
    };
    last().refuse();
    pass();
    turn(true);
    turn(false);
    equal([waits(), Stream.opened.length], [[], 1]);
  }));

Deno.test('a hidden page has no stream, and asks for what it missed when it is seen again', () =>
  listening((heard, { turn }) => {
    last().onopen();
    turn(true);
    equal(last().readyState, Stream.CLOSED);
    turn(false);
    equal(Stream.opened.length, 2);
    last().onopen();
    equal(heard, ['ask again']);
  }));
