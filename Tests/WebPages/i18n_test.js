import { has, preferredLocale, t, useMessages } from '../../web/lib/i18n.js';
import { bytes, clock, percent, since, spokenDuration, timeLeft } from '../../web/lib/format.js';
import { explain, explainVideoError } from '../../web/lib/problem.js';
import { ApiError, csrfToken, problemFrom } from '../../web/lib/api.js';
import { freshDevice } from './device.js';
import { read, sources } from './sources.js';
import { equal, ok } from './assert.js';

/** @typedef {import('../../web/lib/i18n.js').Message} Message */

const tables = /** @type {Record<string, Record<string, Message>>} */ (Object.fromEntries(
  ['en', 'es', 'ru'].map((locale) => [locale, JSON.parse(read(`i18n/${locale}.json`))]),
));

/** @param {Message} message */
function placeholders(message) {
  const texts = typeof message === 'string' ? [message] : Object.values(message);
  return [...new Set(texts.flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort();
}

for (const locale of ['es', 'ru']) {
  Deno.test(`${locale} has the keys and placeholders of en`, () => {
    equal(Object.keys(tables[locale]).sort(), Object.keys(tables.en).sort());
    for (const [key, message] of Object.entries(tables.en)) {
      equal([key, placeholders(tables[locale][key])], [key, placeholders(message)]);
    }
  });
}

for (const locale of ['en', 'es', 'ru']) {
  Deno.test(`plurals of ${locale} have every form of the language, and each names the count`, () => {
    const { pluralCategories } = new Intl.PluralRules(locale).resolvedOptions();
    for (const [key, message] of Object.entries(tables[locale])) {
      if (typeof message === 'string') continue;
      equal([key, Object.keys(message).sort()], [key, [...pluralCategories].sort()]);
      ok(Object.values(message).every((text) => text.includes('{count}')), key);
    }
  });

  Deno.test(`no text of ${locale} is empty or has spaces at its ends`, () => {
    for (const [key, message] of Object.entries(tables[locale])) {
      const texts = typeof message === 'string' ? [message] : Object.values(message);
      ok(texts.every((text) => text.length > 0 && text === text.trim()), key);
    }
  });
}

/** Keys as the modules write them; those with a variable part count as a pattern. */
function usedKeys() {
  const literal = new Set();
  const patterns = [/^error\./];
  for (const { text } of sources(/\.js$/)) {
    for (const match of text.matchAll(/'([a-z]+\.[a-z0-9_.]+)'/g)) literal.add(match[1]);
    for (const match of text.matchAll(/`([a-z]+\.[a-z0-9_.]*)\$\{[^}]*\}`/g)) {
      patterns.push(new RegExp(`^${match[1]}`));
    }
  }
  return { literal, patterns };
}

Deno.test('every text that the pages ask for is there, and none is left over', () => {
  const { literal, patterns } = usedKeys();
  const rooms = new Set(Object.keys(tables.en).map((key) => key.split('.')[0]));
  const missing = [...literal].filter((key) => rooms.has(key.split('.')[0]) && !(key in tables.en));
  equal(missing.filter((key) => !/\.(js|css|svg|json)$/.test(key)), []);
  const unused = Object.keys(tables.en).filter((key) =>
    !literal.has(key) && !patterns.some((each) => each.test(key))
  );
  equal(unused, []);
});

Deno.test('the language is the chosen one, else the first that we speak', () => {
  equal(preferredLocale(['de-DE', 'ru-RU', 'en']), 'ru');
  equal(preferredLocale(['es-419']), 'es');
  equal(preferredLocale(['ja']), 'en');
});

Deno.test('a language, message or placeholder called as something that every object has is none', () => {
  const inherited = ['constructor', '__proto__', 'toString', 'valueOf', 'hasOwnProperty'];
  useMessages('en', { 'a.b': 'x {constructor} {toString} {__proto__}' });
  for (const name of inherited) {
    equal(preferredLocale([name]), 'en');
    equal(preferredLocale([name, 'ru']), 'ru');
    equal([has(name), t(name)], [false, name]);
  }
  equal(t('a.b'), 'x {constructor} {toString} {__proto__}');
});

Deno.test('a chosen language that does not exist is passed over', () => {
  const device = freshDevice();
  for (const name of ['constructor', '__proto__', '../../evil', 'xx', '']) {
    device.setItem('palco.locale', name);
    equal(preferredLocale(['es']), 'es');
  }
});

Deno.test('placeholders are filled, numbers in the language, plurals by its rules', () => {
  useMessages('ru', tables.ru);
  equal([1, 3, 5, 21].map((count) => t('upload.running', { count })), [
    'Идёт 1 загрузка',
    'Идут 3 загрузки',
    'Идёт 5 загрузок',
    'Идёт 21 загрузка',
  ]);
  useMessages('en', tables.en);
  equal(t('library.count', { count: 1200 }), '1,200 videos');
  equal(t('no.such.key'), 'no.such.key');
});

Deno.test('times, sizes and shares read as people write them', () => {
  useMessages('en', tables.en);
  equal([0, 65.9, 29.999999, 3725, Number.NaN].map(clock), ['0:00', '1:05', '0:30', '1:02:05', '0:00']);
  equal(spokenDuration(3725), '1 hour 2 minutes 5 seconds');
  equal([0, 999, 1500, 2_340_000, 5_600_000_000].map(bytes), [
    '0 byte',
    '999 byte',
    '2 kB',
    '2.3 MB',
    '5.6 GB',
  ]);
  equal([3, 75, 5400].map(timeLeft), ['5 sec', '1 min', '1.5 hr']);
  equal([0, 0.999, 1].map(percent), ['0%', '99%', '100%']);
  equal(since('2026-11-21T10:00:00Z', Date.parse('2026-11-21T12:00:00Z')), '2 hours ago');
});

Deno.test('errors are explained by code, then by status, then in the words of the server', () => {
  useMessages('en', tables.en);
  equal(explain(new ApiError(422, 'not_a_video')), tables.en['error.not_a_video']);
  equal(explain(new ApiError(404, 'tea_not_found')), tables.en['error.http_404']);
  equal(explain(new ApiError(418, 'teapot', { detail: 'Short and stout.' })), 'Short and stout.');
  equal(explain(new ApiError(500, 'x', { errorId: 'E7' })).includes('E7'), true);
  equal(explain(new TypeError('inside')), tables.en['error.unexpected']);
  equal(explain(new ApiError(429, 'too_many_attempts', { retryAfter: 90 })).includes('2 min'), true);
  equal(explainVideoError({ code: 'corrupt_file' }), tables.en['error.corrupt_file']);
  equal(explainVideoError(null), tables.en['error.encoding_failed']);
});

Deno.test('problems are read from JSON, and from whatever a proxy says instead', () => {
  const locked = problemFrom(423, '{"code":"account_locked","detail":"Later.","retry_after":60}');
  equal([locked.code, locked.detail, locked.retryAfter], ['account_locked', 'Later.', 60]);
  const proxy = problemFrom(502, '<h1>Bad Gateway</h1>', '5');
  equal([proxy.code, proxy.detail, proxy.retryAfter], ['http_502', '', 5]);
  equal(problemFrom(500, 'null').code, 'http_500');
});

Deno.test('the CSRF token is found among the cookies', () => {
  equal(csrfToken('a=b; palco_csrf=x%3Dy; c=d'), 'x=y');
  equal(csrfToken('a=palco_csrf=1'), '');
  equal(csrfToken('palco_csrf=50%'), '50%');
});
