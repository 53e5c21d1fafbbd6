import { groupChoices } from '../../web/lib/groups.js';
import { filterIn, minePath } from '../../web/lib/own-videos.js';
import { daysUntil } from '../../web/lib/trash.js';
import { equal } from './assert.js';

Deno.test('which videos are shown stands in the address, and comes back from it', () => {
  for (const filter of [{ q: '', status: '' }, { q: 'a & b?', status: 'failed' }, { q: 'ñ', status: '' }]) {
    equal(filterIn(new URL(minePath(filter), 'https://palco.test').search), filter);
  }
  equal(minePath({ q: '', status: '' }), '/videos/mine');
  equal(filterIn('?status=constructor&q=%20x%20'), { q: 'x', status: '' });
  equal(filterIn(`?q=${'😀'.repeat(300)}`).q, '😀'.repeat(200));
});

Deno.test('the days that are left count the one that has begun', () => {
  const now = Date.parse('2026-12-01T12:00:00Z');
  const days = (/** @type {string} */ time) => daysUntil(time, now);
  equal(days('2026-12-31T12:00:00Z'), 30);
  equal(days('2026-12-01T12:00:01Z'), 1);
  equal(days('2026-12-02T12:00:01Z'), 2);
  equal([days('2026-12-01T12:00:00Z'), days('2020-01-01T00:00:00Z'), days('soon')], [0, 0, 0]);
});

Deno.test('what a video is for stays to be seen, and to be taken away, when the group was removed', () => {
  const names = [{ id: 'a', name: 'Ward' }, { id: 'b', name: 'Students' }];
  equal(groupChoices(names, ['b', 'gone']), [
    { id: 'a', name: 'Ward', isChosen: false },
    { id: 'b', name: 'Students', isChosen: true },
    { id: 'gone', name: null, isChosen: true },
  ]);
  equal(groupChoices([], []), []);
});
