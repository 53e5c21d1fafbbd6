import { TurnWatch } from '../../web/upload/turn.js';
import { equal } from './assert.js';

/**
 * With a clock that the test moves on.
 * @param {(tick: () => Promise<void>, running: () => number) => Promise<void>} body
 */
async function withClock(body) {
  const { setInterval, clearInterval } = globalThis;
  /** @type {Map<number, () => void>} */
  const timers = new Map();
  let count = 0;
  Object.assign(globalThis, {
    setInterval: (/** @type {() => void} */ action) => {
      count += 1;
      timers.set(count, action);
      return count;
    },
    clearInterval: (/** @type {number} */ timer) => timers.delete(timer),
  });
  try {
    await body(async () => {
      for (const action of timers.values()) action();
      await new Promise((resolve) => setTimeout(resolve));
    }, () => timers.size);
  } finally {
    Object.assign(globalThis, { setInterval, clearInterval });
  }
}

/** @param {string} state */
function state(state) {
  return JSON.stringify({ state });
}

Deno.test('however often the last byte is reported, one asks', () =>
  withClock(async (tick, running) => {
    /** @type {string[]} */
    const told = [];
    const turn = new TurnWatch(() => Promise.resolve(state('waiting')), (each) => told.push(each));
    turn.begin();
    turn.begin();
    equal([running(), told], [1, ['checking']]);
    await tick();
    equal(told, ['checking', 'queued']);
    turn.end();
    equal(running(), 0);
  }));

Deno.test('what is answered after the end is not told', () =>
  withClock(async (tick) => {
    /** @type {string[]} */
    const told = [];
    /** @type {(text: string) => void} */
    let answer = () => {};
    const turn = new TurnWatch(() => new Promise((resolve) => (answer = resolve)), (each) => told.push(each));
    turn.begin();
    await tick();
    turn.end();
    answer(state('waiting'));
    await tick();
    equal(told, ['checking']);
  }));
