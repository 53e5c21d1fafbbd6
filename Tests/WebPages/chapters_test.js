import { chapterAt, chapterLines, chaptersFrom } from '../../web/lib/chapters.js';
import { equal } from './assert.js';

Deno.test('chapters are read as they are written', () => {
  const chapters = [{ start: 0, title: 'Start' }, { start: 65, title: 'What: comes' }, {
    start: 3725,
    title: 'End',
  }];
  equal(chapterLines(chapters), '0:00 Start\n1:05 What: comes\n1:02:05 End');
  equal(chaptersFrom(chapterLines(chapters)), chapters);
  equal(chaptersFrom(' 90:00   Late \n\n0:01.5 Half\n'), [{ start: 5400, title: 'Late' }, {
    start: 1.5,
    title: 'Half',
  }]);
  equal(chaptersFrom(''), []);
});

for (const text of ['Start', '0:00', '1:60 x', '1 x', '0:0 x', '-1:00 x', '0:00x', '1:00:00:00 x']) {
  Deno.test(`no chapter: ${text}`, () => equal(chaptersFrom(`0:00 Start\n${text}`), null));
}

Deno.test('a time lies in the chapter that began last', () => {
  const chapters = [{ start: 10, title: 'a' }, { start: 20, title: 'b' }];
  equal([0, 10, 19.9, 20, 99].map((time) => chapterAt(chapters, time)), [-1, 0, 0, 1, 1]);
});
