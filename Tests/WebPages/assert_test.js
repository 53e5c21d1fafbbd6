import { equal, fails, near, ok } from './assert.js';

Deno.test('a difference is noticed wherever it hides', async () => {
  const long = new Uint8Array(60_001);
  const other = long.slice();
  other[60_000] = 1;
  /** @type {unknown[]} */
  let [deep, deeper] = [[1], [2]];
  for (let level = 0; level < 40; level++) [deep, deeper] = [[deep], [deeper]];
  const text = 'x'.repeat(200_000);
  const pairs = [[long, other], [deep, deeper], [text, `${text}y`], [{ a: undefined }, {}], [[0], [-0]], [
    1,
    '1',
  ]];
  for (const [left, right] of pairs) {
    equal(left, left);
    await fails(() => equal(left, right), /not equal/);
  }
});

Deno.test('the other assertions fail as well', async () => {
  await fails(() => ok(0), /does not hold/);
  await fails(() => near(1, 1.1), /not near/);
  await fails(() => near(Number.NaN, 1), /not near/);
  await fails(() => fails(() => {}, /./), /did not fail/);
  await fails(() => fails(() => Promise.reject(new Error('a')), /b/), /another error/);
});
