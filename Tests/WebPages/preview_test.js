import { chooseScenes } from '../../web/components/card-preview.js';
import { equal } from './assert.js';

/** @param {number} count */
const scenes = (count) =>
  Array.from(
    { length: count },
    (_, at) => ({
      start: at,
      end: at + 1,
      url: 'https://a.example/s.jpg',
      x: at,
      y: 0,
      width: 160,
      height: 90,
    }),
  );

Deno.test('the preview shows a few scenes from all over a video, in their order, and not the first', () => {
  equal(chooseScenes(scenes(100)).map(({ x }) => x), [11, 22, 33, 44, 55, 66, 77, 88]);
  equal(chooseScenes(scenes(5)).map(({ x }) => x), [1, 2, 3, 4]);
});

Deno.test('a video of one or two scenes has no preview', () => {
  for (const count of [0, 1, 2]) equal(chooseScenes(scenes(count)), []);
});
