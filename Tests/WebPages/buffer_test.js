import {
  aheadOf,
  beyondHole,
  BufferGoal,
  covers,
  firstMissing,
  rangesOf,
  replaceFrom,
  segmentAt,
} from '../../web/player/buffer.js';
import { equal, near } from './assert.js';

const segments = Array.from({ length: 10 }, (_, index) => ({ index, start: index * 4, duration: 4 }));

Deno.test('what can be played goes on over breaks too short to notice', () => {
  near(aheadOf([{ start: 0, end: 4 }, { start: 4.1, end: 8 }], 1), 7);
  near(aheadOf([{ start: 0, end: 4 }, { start: 5, end: 8 }], 1), 3);
  near(aheadOf([{ start: 0.1, end: 4 }], 0), 4);
  near(aheadOf([{ start: 10, end: 14 }], 0), 0);
  near(aheadOf([], 3), 0);
});

Deno.test('time ranges of the browser become values', () => {
  const ranges = {
    length: 2,
    start: (/** @type {number} */ i) => i * 10,
    end: (/** @type {number} */ i) => i * 10 + 4,
  };
  equal(rangesOf(/** @type {TimeRanges} */ (ranges)), [{ start: 0, end: 4 }, { start: 10, end: 14 }]);
});

Deno.test('the segment of a time is found, edges and ends included', () => {
  equal([0, 3.99, 4, 4.0005, 39, 100].map((time) => segmentAt(segments, time)), [0, 0, 1, 1, 9, 9]);
});

Deno.test('a segment counts as there when only its edges are missing', () => {
  equal(covers([{ start: 4.1, end: 7.95 }], segments[1]), true);
  equal(covers([{ start: 4.1, end: 6 }], segments[1]), false);
  equal(covers([{ start: 5, end: 9 }], segments[1]), false);
});

Deno.test('loading goes on at the first segment that is missing', () => {
  equal(firstMissing(segments, [{ start: 0, end: 12 }], 1), 3);
  equal(firstMissing(segments, [{ start: 0, end: 12 }], 30), 7);
  equal(firstMissing(segments, [{ start: 0, end: 40 }], 0), 10);
});

Deno.test('replacing begins at a border far enough ahead', () => {
  equal(replaceFrom(segments, 5, 1), 2);
  equal(replaceFrom(segments, 7.5, 1), 3);
  equal(replaceFrom(segments, 7, 1), 2);
  equal(replaceFrom(segments, 39, 6), 10);
});

Deno.test('playback jumps over a hole right before it, not over a missing segment', () => {
  near(beyondHole([{ start: 0.3, end: 4 }], 0) ?? 0, 0.31);
  near(beyondHole([{ start: 0, end: 4 }, { start: 4.4, end: 8 }], 4) ?? 0, 4.41);
  equal(beyondHole([{ start: 0, end: 4 }], 2), null);
  equal(beyondHole([{ start: 10, end: 14 }], 2), null);
  equal(beyondHole([], 0), null);
});

Deno.test('little is loaded before the viewer presses play', () => {
  const goal = new BufferGoal();
  equal(goal.ahead, 10);
  goal.started = true;
  equal(goal.ahead, 30);
});

Deno.test('what lies far behind goes, when it is worth it', () => {
  const goal = new BufferGoal();
  equal(goal.trim([{ start: 0, end: 100 }], 80), { start: 0, end: 50 });
  equal(goal.trim([{ start: 45, end: 100 }], 80), null);
  equal(goal.trim([], 80), null);
});

Deno.test('a full memory makes the buffer smaller, down to a bottom', () => {
  const goal = new BufferGoal();
  goal.started = true;
  equal(goal.shrink(), true);
  near(goal.ahead, 21);
  near(goal.behind, 10);
  let steps = 1;
  while (goal.shrink()) steps += 1;
  equal([goal.ahead, goal.behind], [6, 1]);
  equal(steps < 10, true);
});
