import { FrameMessages } from '../../web/shared/frame-messages.js';
import { equal, ok } from './assert.js';

const site = 'https://school.example';

/** A frame in a page of an origin, with a player that is there from the start or not. */
function framed({ origin = site, allowed = [site], isBegun = true, knowsParent = true } = {}) {
  /** @type {{ message: Record<string, unknown>, origin: string }[]} */
  const told = [];
  const parent = {
    postMessage: (/** @type {Record<string, unknown>} */ message, /** @type {string} */ to) => {
      // As browsers do it.
      if (to === origin) told.push({ message, origin: to });
    },
  };
  const frame = Object.assign(new EventTarget(), {
    parent,
    location: { ancestorOrigins: knowsParent ? [origin] : undefined },
    document: { referrer: '' },
  });
  const video = Object.assign(new EventTarget(), {
    currentTime: 7,
    duration: 60,
    paused: true,
    ended: false,
    muted: false,
    volume: 1,
    play: () => {
      video.paused = false;
      video.dispatchEvent(new Event('play'));
      return Promise.resolve();
    },
    pause: () => {
      video.paused = true;
    },
  });
  const player = Object.assign(new EventTarget(), {
    video,
    seekTo: (/** @type {number} */ time) => (video.currentTime = time),
    setVolume: (/** @type {number} */ volume) => (video.volume = volume),
  });
  let begun = 0;
  const stage = Object.assign(new EventTarget(), {
    player: isBegun ? player : null,
    startAt: /** @type {number | null} */ (null),
    begin: () => {
      begun += 1;
      return Promise.resolve();
    },
  });
  const messages = new FrameMessages(/** @type {never} */ (stage), allowed, /** @type {never} */ (frame));
  messages.listen();
  const say = (/** @type {unknown} */ data, from = origin, source = /** @type {unknown} */ (parent)) =>
    frame.dispatchEvent(Object.assign(new Event('message'), { data, origin: from, source }));
  return { messages, told, say, video, stage, player, begun: () => begun };
}

Deno.test('what an allowed page says is done, and answered where it asks for that', () => {
  const { say, told, video } = framed();
  say({ palco: 1, method: 'seek', value: 30, id: 'a' });
  equal([video.currentTime, told[0].message.id, told[0].origin], [30, 'a', site]);
  say({ palco: 1, method: 'setVolume', value: 0.5 });
  say({ palco: 1, method: 'setMuted', value: true });
  say({ palco: 1, method: 'play' });
  equal([video.volume, video.muted, video.paused], [0.5, true, false]);
  say({ palco: 1, method: 'pause' });
  say({ palco: 1, method: 'getState', id: 2 });
  equal(told.at(-1)?.message, {
    palco: 1,
    id: 2,
    result: {
      started: true,
      position: 30,
      duration: 60,
      paused: true,
      ended: false,
      muted: true,
      volume: 0.5,
    },
  });
});

Deno.test('what cannot be done is answered with why, and changes nothing', () => {
  const { say, told, video } = framed();
  const wrong = [
    ['seek', -1, 'bad_value'],
    ['seek', Number.NaN, 'bad_value'],
    ['seek', '5', 'bad_value'],
    ['setVolume', 2, 'bad_value'],
    ['setMuted', 1, 'bad_value'],
    ['explode', null, 'unknown_method'],
  ];
  for (const [method, value, error] of wrong) {
    say({ palco: 1, method, value, id: 1 });
    equal(told.at(-1)?.message, { palco: 1, id: 1, error });
  }
  equal([video.currentTime, video.volume, video.muted], [7, 1, false]);
});

Deno.test('pages of other origins, other windows and other versions are neither heard nor told anything', () => {
  const other = framed({ origin: 'https://evil.example' });
  other.messages.tell('ready');
  other.say({ palco: 1, method: 'seek', value: 30, id: 1 });
  equal([other.video.currentTime, other.told.length], [7, 0]);
  const { say, told, video } = framed();
  say({ palco: 1, method: 'seek', value: 30, id: 1 }, site, {});
  for (
    const data of [null, 'play', 5, {}, { palco: 2, method: 'play', id: 1 }, { palco: 1, method: 3, id: 1 }]
  ) say(data);
  equal([video.currentTime, video.paused, told.length], [7, true, 0]);
});

Deno.test('where the browser does not say what is around, the first message of an allowed page does', () => {
  const { messages, say, told } = framed({ knowsParent: false });
  messages.tell('ready');
  equal(told.length, 0);
  say({ palco: 1, method: 'getState', id: 1 });
  messages.tell('play');
  equal(told.map(({ message }) => message.event ?? message.id), [1, 'play']);
});

Deno.test('before anybody pressed play, wishes are kept for when it begins', () => {
  const { stage, say, player, video, told, begun } = framed({ isBegun: false });
  say({ palco: 1, method: 'seek', value: 30 });
  say({ palco: 1, method: 'setMuted', value: true });
  say({ palco: 1, method: 'play' });
  equal([stage.startAt, begun()], [30, 1]);
  stage.player = player;
  stage.dispatchEvent(new Event('player'));
  ok(video.muted, 'it begins without sound');
  video.dispatchEvent(new Event('timeupdate'));
  equal(told.at(-1)?.message.event, 'timeupdate');
  stage.dispatchEvent(new CustomEvent('trouble', { detail: 'share_over' }));
  equal([told.at(-1)?.message.event, told.at(-1)?.message.code], ['error', 'share_over']);
});
