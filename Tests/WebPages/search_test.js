import {
  isNarrowed,
  searchFrom,
  searchPath,
  searchQuery,
  sorts,
  toggled,
} from '../../web/lib/search-address.js';
import { cut } from '../../web/lib/marking.js';
import { seenFrom } from '../../web/lib/seen.js';
import { Suggesting } from '../../web/lib/suggesting.js';
import { suggestedPath } from '../../web/components/search-box.js';
import { equal, ok } from './assert.js';

/** @typedef {import('../../web/lib/search-address.js').Search} Search */

/** @type {Search} */
const everything = { q: '', sort: '', category: '', tags: [], people: [], language: '', length: '' };

Deno.test('a search is the same after its way through an address', () => {
  /** @type {Search[]} */
  const searches = [
    { ...everything, q: 'rodilla & cadera + 100%', sort: 'newest' },
    {
      ...everything,
      category: 'Хирургия',
      tags: ['a,b', 'c d'],
      people: ['Ana Núñez'],
      language: 'es-419',
      length: 'long',
    },
    { ...everything, q: '😀', length: 'short' },
    everything,
  ];
  for (const search of searches) {
    const { search: query } = new URL(searchPath(search), 'https://palco.test');
    equal(searchFrom(query), search);
  }
  equal(searchPath({}), '/search');
});

Deno.test('what an address says that is no search is left out, and what is too long is cut', () => {
  const search = searchFrom(
    '?sort=best&length=endless&q=%20%20x%20&tag=&tag=a&tag=a&__proto__=x&constructor=y',
  );
  equal(search, { ...everything, q: 'x', tags: ['a'] });
  const long = searchFrom(
    `?q=${'😀'.repeat(500)}&${'tag=t&'.repeat(3)}${
      Array.from({ length: 30 }, (_, n) => `person=${n}`).join('&')
    }`,
  );
  equal([[...long.q].length, long.tags.length, long.people.length], [400, 1, 10]);
  ok(!/[\ud800-\udbff]$/.test(long.q), 'no character is cut in two');
});

Deno.test('the API is asked for the words, filters and lengths of a search, and for nothing that is not chosen', () => {
  /** @type {Search} */
  const search = {
    q: 'knee',
    sort: 'title',
    category: 'Surgery',
    tags: ['a', 'b'],
    people: ['Ann'],
    language: 'en',
    length: 'medium',
  };
  equal(
    searchQuery(search).toString(),
    'q=knee&sort=title&category=Surgery&language=en&min_duration=600&max_duration=3600&tag=a&tag=b&person=Ann',
  );
  equal(searchQuery(searchFrom('')).toString(), '');
  equal(sorts[0], '');
});

Deno.test('a filter is chosen and taken away by the same press', () => {
  equal([toggled(['a'], 'b'), toggled(['a', 'b'], 'a')], [['a', 'b'], ['b']]);
  equal(
    ['?q=x&sort=title', '?tag=a', '?length=long', '?language=ru'].map((each) => isNarrowed(searchFrom(each))),
    [
      false,
      true,
      true,
      true,
    ],
  );
});

/** @type {[string, string, { start: number, length: number }[], string][]} */
const texts = [
  ['in the middle', 'the knee joint', [{ start: 4, length: 4 }], 'the [knee] joint'],
  ['at both ends', 'knee to knee', [{ start: 8, length: 4 }, { start: 0, length: 4 }], '[knee] to [knee]'],
  ['behind a character of two units', '😀 knee', [{ start: 3, length: 4 }], '😀 [knee]'],
  ['overlapping', 'abcdef', [{ start: 0, length: 3 }, { start: 2, length: 2 }], '[abc][d]ef'],
  ['beyond the end', 'abc', [{ start: 2, length: 99 }, { start: 50, length: 1 }], 'ab[c]'],
  ['empty and negative', 'abc', [{ start: -5, length: 3 }, { start: 1, length: 0 }], 'abc'],
  ['no numbers', 'abc', [{ start: Number.NaN, length: 2 }], 'abc'],
  ['markup', '<b>knee</b>', [{ start: 3, length: 4 }], '<b>[knee]</b>'],
];
for (const [name, text, ranges, expected] of texts) {
  Deno.test(`what was found is marked: ${name}`, () => {
    const pieces = cut(text, ranges);
    equal(pieces.map((piece) => piece.isFound ? `[${piece.text}]` : piece.text).join(''), expected);
    equal(pieces.map((piece) => piece.text).join(''), text);
  });
}

Deno.test('an answer that comes late does not take the place of a later one', async () => {
  /** @type {Record<string, (found: string[]) => void>} */
  const answers = {};
  /** @type {AbortSignal[]} */
  const signals = [];
  /** @type {string[][]} */
  const shown = [];
  const suggesting = new Suggesting((words, signal) => {
    signals.push(signal);
    return new Promise((resolve) => (answers[words] = resolve));
  }, (found) => shown.push(found));
  const asked = [suggesting.ask('kn'), suggesting.ask('kne')];
  answers.kne(['knee']);
  answers.kn(['knot']);
  await Promise.all(asked);
  equal(shown, [['knee']]);
  equal(signals.map((signal) => signal.aborted), [true, false]);
});

Deno.test('nothing is shown any more once one has stopped, and a failure shows nothing', async () => {
  /** @type {string[][]} */
  const shown = [];
  const late = new Suggesting(() => Promise.resolve(['x']), (found) => shown.push(found));
  const asked = late.ask('kne');
  late.stop();
  await asked;
  equal(shown, []);
  await new Suggesting(() => Promise.reject(new Error('away')), (found) => shown.push(found)).ask('kne');
  equal(shown, [[]]);
});

Deno.test('a single letter is not asked for, whatever stands around it', () => {
  let asked = 0;
  /** @type {unknown[][]} */
  const shown = [];
  const suggesting = new Suggesting(
    () => {
      asked += 1;
      return Promise.resolve([]);
    },
    (found) => shown.push(found),
    0,
  );
  for (const text of ['', ' ', 'k', '  k ', '😀']) suggesting.typed(text);
  equal([asked, shown], [0, [[], [], [], [], []]]);
});

Deno.test('each kind of suggestion leads to what it names', () => {
  const paths = [
    suggestedPath({ kind: 'category', text: 'Surgery', video_id: null }),
    suggestedPath({ kind: 'tag', text: 'knee', video_id: null }),
    suggestedPath({ kind: 'person', text: 'Ann', video_id: null }),
    suggestedPath({ kind: 'video', text: 'A film', video_id: 'id' }),
    suggestedPath({ kind: 'video', text: 'A film', video_id: null }),
  ];
  equal(paths, [
    '/search?category=Surgery',
    '/search?tag=knee',
    '/search?person=Ann',
    '/watch/id',
    '/search?q=A+film',
  ]);
});

Deno.test('a card shows the part that was watched, and all of it once it is marked', () => {
  const entry = { position: 30, resume_at: 30, duration: 120, watched: false };
  equal(seenFrom(entry), { part: 0.25, watched: false });
  equal(seenFrom({ ...entry, resume_at: 0, position: 0, watched: true }), { part: 1, watched: true });
  equal(seenFrom({ ...entry, watched: true }), { part: 0.25, watched: true });
  equal(seenFrom({ ...entry, duration: null }, 60).part, 0.5);
  equal(seenFrom({ ...entry, duration: null }).part, 0);
  equal(seenFrom({ ...entry, position: 500 }).part, 1);
});
