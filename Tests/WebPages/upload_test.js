import { Speedometer } from '../../web/upload/speed.js';
import {
  fingerprint,
  forgetUnfinished,
  listUnfinished,
  memoryFor,
  noteProgress,
} from '../../web/upload/unfinished.js';
import { titleFrom } from '../../web/upload/queue.js';
import { keepPosition, positionOf } from '../../web/pages/positions.js';
import { keepFor } from '../../web/lib/belongings.js';
import { freshDevice } from './device.js';
import { equal, near } from './assert.js';

Deno.test('speed is that of the last seconds', () => {
  const speed = new Speedometer();
  equal(speed.rate, null);
  for (let second = 0; second <= 20; second++) {
    speed.note(second < 10 ? second * 100 : 1000 + (second - 10) * 500, second);
  }
  near(speed.rate ?? 0, 500);
  near(speed.timeLeft(1000) ?? 0, 2);
});

Deno.test('it is too early to tell in the first moment, and after a step back', () => {
  const speed = new Speedometer();
  speed.note(0, 0);
  speed.note(1e6, 0.3);
  equal(speed.rate, null);
  speed.note(2e6, 2);
  near(speed.rate ?? 0, 1e6);
  speed.note(0, 3);
  equal([speed.rate, speed.timeLeft(10)], [null, null]);
});

Deno.test('unfinished uploads are remembered by person and file, for a week', () => {
  freshDevice();
  keepFor('ann');
  const file = { name: 'film.mp4', size: 1000, lastModified: 5, type: 'video/mp4' };
  const key = fingerprint(file, 'ann');
  const memory = memoryFor(file);
  memory.set(key, '/api/v1/uploads/1');
  noteProgress(key, 400);
  equal(memory.get(key), '/api/v1/uploads/1');
  equal(listUnfinished('ann').map(({ name, size, sent }) => [name, size, sent]), [['film.mp4', 1000, 400]]);
  equal(listUnfinished('bob'), []);
  equal(listUnfinished('ann', Date.now() + 8 * 86_400_000), []);
  forgetUnfinished(key);
  equal([memory.get(key), listUnfinished('ann')], [null, []]);
});

Deno.test('another change of the file is another upload', () => {
  const file = { name: 'film.mp4', size: 1000, lastModified: 5, type: 'video/mp4' };
  equal(fingerprint(file, 'ann') === fingerprint({ ...file, lastModified: 6 }, 'ann'), false);
});

Deno.test('a file name becomes a title', () => {
  equal(
    ['My_holiday.final.mp4', 'clip', '.mp4', 'año 2.MOV', 'ward\u202e4pm.mp4', 'a\nb.mkv'].map(titleFrom),
    [
      'My holiday.final',
      'clip',
      '.mp4',
      'año 2',
      'ward4pm',
      'ab',
    ],
  );
});

Deno.test('the place where one stopped is kept, but not the first seconds and not the end', () => {
  freshDevice();
  keepFor('ann');
  keepPosition('a', { position: 61.7, duration: 600 });
  keepPosition('b', { position: 2, duration: 600 });
  keepPosition('c', { position: 599, duration: 600 });
  equal(['a', 'b', 'c', 'd'].map(positionOf), [61, 0, 0, 0]);
  keepPosition('a', { position: 598, duration: 600 });
  equal(positionOf('a'), 0);
});
