import { auditFilter, auditQuery } from '../../web/pages/administration/audit-filter.js';
import {
  actionNames,
  actionTitle,
  changesOf,
  sentenceKey,
  timesOf,
  valueText,
} from '../../web/pages/administration/audit-words.js';
import { edgeOfDay, filterFrom, refined } from '../../web/pages/administration/filter.js';
import { roles, statesOf } from '../../web/pages/administration/names.js';
import { fileReason, lineReason } from '../../web/pages/administration/import-words.js';
import { removalLines, sameName } from '../../web/pages/administration/removal.js';
import { mostSelected, Selection } from '../../web/pages/administration/selection.js';
import { matching, settingText } from '../../web/pages/administration/setting-words.js';
import { newsBetween, panelNames, panelsOf } from '../../web/pages/administration/system-words.js';
import { exactTime, until } from '../../web/pages/administration/times.js';
import { ApiError } from '../../web/lib/api.js';
import { auditExport } from '../../web/lib/administration.js';
import { pieces, t, useMessages } from '../../web/lib/i18n.js';
import { Paged } from '../../web/lib/paged.js';
import { read } from './sources.js';
import { equal, fails, ok } from './assert.js';

/** @typedef {import('../../web/lib/administration.js').AuditEntry} AuditEntry */
/** @typedef {import('../../web/lib/administration.js').Person} Person */

/** @param {string} locale */
function speak(locale) {
  useMessages(locale, JSON.parse(read(`i18n/${locale}.json`)));
}

/** @param {Partial<AuditEntry>} entry @returns {AuditEntry} */
function entry(entry) {
  return {
    id: '1',
    at: '2026-11-30T10:00:00Z',
    action: 'user.role_changed',
    actor: { kind: 'person', id: 'ann', name: 'ann@example.org' },
    target: { kind: 'user', id: 'bob', name: 'bob@example.org' },
    outcome: 'done',
    ...entry,
  };
}

/** @param {string} id @param {Partial<Person>} [more] @returns {Person} */
function person(id, more = {}) {
  return {
    id,
    email: `${id}@example.org`,
    name: id,
    role: 'user',
    created_at: '2026-01-01T00:00:00Z',
    is_disabled: false,
    is_locked: false,
    last_sign_in_at: null,
    groups: [],
    ...more,
  };
}

Deno.test('a filter is what the address says and the page knows', () => {
  const known = { q: null, role: roles };
  equal(filterFrom('?q=%20ann%20&role=admin&cursor=7&__proto__=x', known), { q: 'ann', role: 'admin' });
  equal(filterFrom('?q=&role=emperor', known), {});
  equal(filterFrom(`?q=${'a'.repeat(500)}`, known).q.length, 200);
  equal(refined({ q: 'ann', role: 'admin' }, { role: '', state: 'locked' }), { q: 'ann', state: 'locked' });
});

Deno.test('days are those of the reader, and both are meant as a whole', () => {
  equal(edgeOfDay('2026-11-30', 'begin'), new Date(2026, 10, 30).toISOString());
  equal(edgeOfDay('2026-11-30', 'end'), new Date(2026, 11, 1).toISOString());
  equal(edgeOfDay('2026-12-31', 'end'), new Date(2027, 0, 1).toISOString());
  for (
    const none of ['', 'today', '2026-13-01', '2026-00-10', '2026-01-32', '2026-1-1', '2026-01-01T00:00:00Z']
  ) {
    equal([none, edgeOfDay(none, 'begin')], [none, '']);
  }
});

Deno.test('the audit is asked for what stands in the address', () => {
  const filter = auditFilter('?q=ann&action=user.signed_in&actor=1&from=2026-11-01&to=2026-11-30&limit=9');
  equal(filter, { q: 'ann', action: 'user.signed_in', actor: '1', from: '2026-11-01', to: '2026-11-30' });
  equal(auditQuery(filter), {
    q: 'ann',
    action: 'user.signed_in',
    actor: '1',
    from: new Date(2026, 10, 1).toISOString(),
    to: new Date(2026, 11, 1).toISOString(),
  });
  equal(auditFilter('?action=user.flew&from=yesterday'), {});
  equal(auditQuery({}), {});
});

Deno.test('what is exported is what the filter finds', () => {
  const browser = globalThis.location;
  Object.defineProperty(globalThis, 'location', {
    value: { href: 'https://palco.test/' },
    configurable: true,
  });
  try {
    const path = auditExport('jsonl', { q: 'a&b=c', actor: '1' });
    const { pathname, searchParams } = new URL(path, 'https://palco.test');
    equal([pathname, [...searchParams]], ['/api/v1/admin/audit/export', [
      ['format', 'jsonl'],
      ['q', 'a&b=c'],
      [
        'actor',
        '1',
      ],
    ]]);
  } finally {
    Object.defineProperty(globalThis, 'location', { value: browser, configurable: true });
  }
});

for (const locale of ['en', 'es', 'ru']) {
  Deno.test(`every action of the audit has a sentence and a title in ${locale}`, () => {
    speak(locale);
    ok(actionNames().length >= 20);
    for (const action of actionNames()) {
      equal([action, sentenceKey(entry({ action }))], [action, `audit.did.${action}`]);
      ok(actionTitle(action) !== action, action);
    }
  });
}

Deno.test('an action that nobody knows yet is told by its name', () => {
  speak('en');
  equal(sentenceKey(entry({ action: 'moon.landed' })), 'audit.unknown_with');
  equal(sentenceKey(entry({ action: 'moon.landed', target: null })), 'audit.unknown');
  equal(sentenceKey(entry({ action: 'constructor' })), 'audit.unknown_with');
  equal(actionTitle('moon.\u202elanded'), 'moon.⟨U+202E⟩landed');
});

Deno.test('a sentence is cut where something stands in it, in the order of the language', () => {
  speak('en');
  equal(pieces('audit.did.user.role_changed'), [{ name: 'actor' }, ' changed the role of ', {
    name: 'target',
  }]);
  speak('es');
  equal(pieces('audit.did.user.disabled'), [{ name: 'actor' }, ' desactivó a ', { name: 'target' }]);
  equal(pieces('no.such.key'), ['no.such.key']);
});

Deno.test('before and after are told where they differ', () => {
  speak('en');
  const changed = entry({
    before: { role: 'user', is_hidden: false, name: 'Ann' },
    after: { role: 'creator', is_hidden: false, count: 3, scopes: ['read', 'upload'] },
  });
  equal(changesOf(changed), [
    { field: 'role', before: 'User', after: 'Creator' },
    { field: 'name', before: 'Ann', after: null },
    { field: 'rights', before: null, after: 'read, upload' },
  ]);
  equal(changesOf(entry({})), []);
});

Deno.test('values are told as what they are, and nothing in them is obeyed', () => {
  speak('en');
  const told = [
    ['is_hidden', true, 'yes'],
    ['name', '', 'nothing'],
    ['name', null, 'nothing'],
    ['name', 'a\u202eb', 'a⟨U+202E⟩b'],
    ['scopes', [], 'nothing'],
    ['role', 'emperor', 'emperor'],
    ['reason', 'bad_credentials', 'wrong address or password'],
    ['number', 1200, '1,200'],
    ['expires_at', 'no time', 'no time'],
    ['from', '2026-11-30T10:00:00Z', exactTime('2026-11-30T10:00:00Z')],
    ['other', { a: 1 }, '{"a":1}'],
  ];
  for (const [name, value, text] of told) equal([name, valueText(String(name), value)], [name, text]);
});

Deno.test('what was counted says how often', () => {
  speak('ru');
  equal(timesOf(entry({ after: { count: 1 } })), '');
  equal(timesOf(entry({})), '');
  equal([2, 5, 21].map((count) => timesOf(entry({ after: { count } }))), ['2 раза', '5 раз', '21 раз']);
  ok(
    timesOf(entry({ after: { count: 2, last_at: '2026-11-30T10:00:00Z' } })).startsWith('2 раза, последний '),
  );
});

Deno.test('the state of a person is everything that is to be known', () => {
  equal(statesOf(person('a')), ['active']);
  equal(statesOf(person('a', { is_disabled: true, is_locked: true, email_verified: false })), [
    'disabled',
    'locked',
    'unverified',
  ]);
});

Deno.test('no more people are chosen than the server changes at once', () => {
  const selection = new Selection();
  let changes = 0;
  selection.addEventListener('change', () => changes++);
  const people = Array.from({ length: mostSelected + 10 }, (_, number) => person(String(number)));
  selection.add(people);
  equal([selection.count, changes], [mostSelected, 1]);
  equal([selection.set(people.at(-1) ?? people[0], true), selection.count], [false, mostSelected]);
  equal(selection.set(people[0], true), true);
  equal([selection.set(people[0], false), selection.has('0'), selection.count], [
    false,
    false,
    mostSelected - 1,
  ]);
  selection.clear();
  equal([selection.count, selection.people], [0, []]);
});

Deno.test('what a removal takes is counted, and videos may go or stay', () => {
  speak('en');
  const answer = { user: { id: 'x' }, videos: 3, unfinished_uploads: 1, watch_positions: 0, moons: 4 };
  equal(removalLines(answer), { goes: [{ key: 'admin.removal.unfinished_uploads', count: 1 }], videos: 3 });
  equal(removalLines({ user: {} }), { goes: [], videos: 0 });
});

Deno.test('why a line or a file was refused is told in the language of the page', () => {
  speak('es');
  const told = (/** @type {string} */ code, /** @type {string | null} */ detail) =>
    lineReason({ line: 2, email: 'x', code, detail });
  equal(told('invalid', 'email: This is no e-mail address.'), `email: ${t('field.invalid_email')}`);
  equal(told('invalid', 'role: user, premium, creator or admin.'), `role: ${t('field.invalid')}`);
  equal(
    told('repeated', 'email: This address stands in the list before.'),
    'email: Ya aparece antes en la lista.',
  );
  equal(told('too_many', 'groups: At most 20 groups.'), 'groups: Son demasiados.');
  equal(told('last_administrator', null).startsWith('No quedaría ningún administrador'), true);
  equal(told('moon', 'moon: It is full.\u202e'), 'moon: It is full.⟨U+202E⟩');
  const refused = (/** @type {string} */ code) =>
    fileReason(
      new ApiError(422, 'validation_failed', {
        detail: 'x',
        fields: [{ field: 'file', code, detail: 'Odd.' }],
      }),
    );
  equal(refused('no_header').includes('email'), true);
  equal(refused('moon'), 'Odd.');
  equal(fileReason(new ApiError(413, 'body_too_large')).includes('servidor'), true);
});

Deno.test('a name counts as typed however its letters are made, and only then', () => {
  ok(sameName('Jose\u0301 ', 'José'));
  ok(sameName('Ana  Núñez', 'Ana Núñez'));
  ok(!sameName('ana núñez', 'Ana Núñez'));
  ok(!sameName('Ana', 'Ana Núñez'));
  ok(!sameName('', 'Ana'));
});

Deno.test('of a secret nothing is shown or found but whether there is one', () => {
  speak('en');
  const secret = { name: 'PALCO_KEY', value: 'swordfish', source: 'file', is_secret: true };
  equal(settingText(secret), { text: 'Set (secret)', isPlain: false });
  equal(settingText({ ...secret, value: null }).text, 'Set (secret)');
  equal(settingText({ ...secret, source: 'default' }).text, 'Not set');
  equal(matching([secret], 'sword', ''), []);
  equal(matching([secret], 'key', '').length, 1);
});

Deno.test('settings are found by all words, in name or value, and by where they come from', () => {
  const settings = [
    { name: 'PALCO_PORT', value: 8080, source: 'environment', is_secret: false },
    { name: 'PALCO_HOST', value: 'Example.org', source: 'default', is_secret: false },
  ];
  const found = (/** @type {string} */ words, source = '') =>
    matching(settings, words, source).map(({ name }) => name);
  equal(found(''), ['PALCO_PORT', 'PALCO_HOST']);
  equal(found('port 80'), ['PALCO_PORT']);
  equal(found('palco example'), ['PALCO_HOST']);
  equal(found('', 'environment'), ['PALCO_PORT']);
  equal(found('palco', 'file'), []);
});

/** @param {Partial<import('../../web/pages/administration/system-words.js').System>} [more] */
function system(more = {}) {
  const worker = {
    host: 'cellar',
    process: 7,
    version: '1',
    state: 'working',
    places: 2,
    running: 1,
    done: 9,
    age_seconds: 7300,
    silence_seconds: 1,
  };
  return {
    version: '1.0',
    host: 'attic',
    accepts_uploads: true,
    database: { name: 'SQLite', version: '3.46' },
    storage: 'data',
    disk: { usable_bytes: 50e9, reserve_bytes: 1e9 },
    queue: {
      waiting: { count: 3, oldest_seconds: 125 },
      running: { count: 0, oldest_seconds: 0 },
      failed: { count: 2, oldest_seconds: 9 },
    },
    encoder: [{ name: 'ffmpeg', version: '7.1' }],
    encoding_places: 2,
    workers: [worker],
    videos: { pending: 1, processing: 2, ready: 1200, failed: 0 },
    uploads: { count: 1, expected_bytes: 2e9 },
    ...more,
  };
}

Deno.test('the system speaks up for what matters, and not for numbers that change', () => {
  const calm = system();
  const [worker] = calm.workers;
  const tasks = (/** @type {number} */ count) => ({ count, oldest_seconds: 0 });
  const queue = (/** @type {number} */ failed) => ({
    waiting: tasks(99),
    running: tasks(4),
    failed: tasks(failed),
  });
  equal(newsBetween(calm, system({ queue: queue(2), disk: { usable_bytes: 4e9, reserve_bytes: 1e9 } })), []);
  equal(newsBetween(calm, system({ queue: queue(5) })), [{ key: 'system.news.failed', count: 3 }]);
  equal(newsBetween(system({ queue: queue(5) }), calm), []);
  const low = system({ disk: { usable_bytes: 1e6, reserve_bytes: 1e9 } });
  equal([newsBetween(calm, low), newsBetween(low, low)], [[{ key: 'system.news.disk_low', count: 0 }], []]);
  const broken = system({ encoder: [{ name: 'ffmpeg', version: null }] });
  equal(newsBetween(calm, broken), [{ key: 'system.news.encoder_down', count: 0 }]);
  equal(newsBetween(broken, calm), [{ key: 'system.news.encoder_up', count: 0 }]);
  equal(newsBetween(calm, system({ accepts_uploads: false })), [{ key: 'system.news.no_uploads', count: 0 }]);
  const lost = system({ workers: [{ ...worker, state: 'lost' }] });
  equal(newsBetween(calm, lost), [{ key: 'system.news.worker_lost', count: 1 }]);
  equal(newsBetween(calm, system({ workers: [] })), []);
});

Deno.test('the state of the system is told in words, and what is wrong is marked', () => {
  speak('en');
  const told = (/** @type {import('../../web/pages/administration/system-words.js').System} */ state) =>
    panelsOf(state).flatMap(({ name, warning, parts }) => [
      ...(warning ? [`${name}! ${warning}`] : []),
      ...parts.flatMap(({ title = '', lines }) =>
        lines.map(({ label, text, isBad }) => `${name} ${title} ${label}: ${text}${isBad ? ' !' : ''}`)
      ),
    ]);
  const calm = told(system());
  equal(panelsOf(system()).map(({ name }) => name), [...panelNames]);
  for (
    const line of [
      'queue  Waiting: 3, the oldest for 2 minutes',
      'queue  Running: 0',
      'queue  Failed: 2 !',
      'disk  Free for videos: 50 GB',
      'workers cellar · 7 State: Working',
      'workers cellar · 7 At work for: 2 hours',
      'versions  SQLite: 3.46',
      'server  Videos that can be watched: 1,200',
    ]
  ) ok(calm.includes(line), `${line} is not among\n${calm.join('\n')}`);
  const sad = told(system({
    accepts_uploads: false,
    disk: { usable_bytes: 1, reserve_bytes: 1e9 },
    encoder: [{ name: 'ffmpeg', version: null }],
    workers: [],
  }));
  ok(sad.includes('encoder  ffmpeg: does not start !'));
  equal(sad.filter((line) => /^\w+!/.test(line)).map((line) => line.split('!')[0]), [
    'disk',
    'encoder',
    'server',
  ]);
  ok(
    told(system({ disk: { usable_bytes: null, reserve_bytes: 1 } })).includes(
      'disk  Free for videos: unknown',
    ),
  );
});

Deno.test('times ahead are told from now', () => {
  speak('en');
  const now = Date.parse('2026-11-30T10:00:00Z');
  const told = [
    ['2026-12-03T11:00:00Z', 'in 3 days'],
    ['2026-11-30T12:30:00Z', 'in 2 hours'],
    ['2026-11-30T10:00:30Z', 'in 30 seconds'],
    ['2026-11-29T09:00:00Z', 'yesterday'],
    ['never', ''],
  ];
  for (const [time, text] of told) equal(until(time, now), text);
});

Deno.test('what was asked for last is what a list shows', async () => {
  /** @typedef {{ data: string[], next_cursor: string | null }} Page */
  /** @type {((page: Page) => void)[]} */
  const answers = [];
  /** @type {(string | null)[]} */
  const asked = [];
  /** @type {AbortSignal[]} */
  const signals = [];
  // Answers that are on their way already do not mind that nobody wants them any more.
  const pages = new Paged((cursor, signal) => {
    asked.push(cursor);
    signals.push(signal);
    return /** @type {Promise<Page>} */ (new Promise((resolve) => {
      answers.push(resolve);
    }));
  });
  const [first, second] = [pages.begin(), pages.begin()];
  answers[1]({ data: ['new'], next_cursor: 'y' });
  answers[0]({ data: ['old'], next_cursor: 'x' });
  equal([await first, await second, pages.cursor], [null, ['new'], 'y']);
  equal(signals.map(({ aborted }) => aborted), [true, false]);
  const third = pages.more();
  answers[2]({ data: ['last'], next_cursor: null });
  equal([await third, pages.hasMore, asked], [['last'], false, [null, null, 'y']]);
  const ended = pages.begin();
  pages.close();
  answers[3]({ data: ['late'], next_cursor: null });
  equal([await ended, signals[3].aborted], [null, true]);
});

Deno.test('a list that cannot be loaded says so', async () => {
  const pages = new Paged(() => Promise.reject(new Error('no')));
  await fails(() => pages.begin(), /no/);
});
