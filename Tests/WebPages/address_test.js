import {
  administrationPath,
  captionsPath,
  listPath,
  namedPath,
  ownAddress,
  ownPath,
  secondIn,
  watchPath,
} from '../../web/lib/address.js';
import { searchPath } from '../../web/lib/search-address.js';
import { sources } from './sources.js';
import { equal, ok } from './assert.js';

const here = 'https://palco.test/sign-in?next=x';

/** Each was made to leave the server, by way of one parser or another. */
const hostile = [
  // Another server, plainly or by the rules of the URL parser.
  'https://evil.example/',
  'http://palco.test/',
  'https://palco.test:444/',
  'https://palco.test.evil.example/',
  'https://user@palco.test/',
  'https://palco.test@evil.example/',
  '//evil.example',
  '//evil.example/watch/1',
  '///evil.example',
  '////evil.example',
  '//palco.test@evil.example',
  '//user:secret@palco.test/',
  '//palco.test:444/',
  '//[::1]/',
  '//0x7f000001/',
  // Paths whose second reading is another server.
  '/.//evil.example',
  '/..//evil.example',
  '/../..//evil.example',
  '/a/..//evil.example',
  '/a/b/../..//evil.example',
  '/a/.././/evil.example',
  '/%2e//evil.example',
  '/%2E//evil.example',
  '/%2e%2e//evil.example',
  '/.%2e//evil.example',
  '/a/%2e%2e//evil.example',
  '/./\\evil.example',
  '/.//evil.example#/watch/1',
  '/.//evil.example?next=/',
  // Backslashes are slashes.
  '\\evil.example',
  '\\\\evil.example',
  '/\\evil.example',
  '\\/evil.example',
  '/\\/evil.example',
  '/a/..\\\\evil.example',
  '/watch/1\\..\\..\\\\evil.example',
  // Tabs, line ends and blanks are dropped.
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  '/.\t//evil.example',
  '/%09/evil.example\u0000',
  '\u0000/watch/1',
  // Slashes in disguise.
  '/%2f/evil.example',
  '/%2Fevil.example',
  '/%5cevil.example',
  '/%5C%5Cevil.example',
  '/.%2f%2fevil.example',
  // What is no path.
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'blob:https://palco.test/1',
  'vbscript:x',
  'https:evil.example',
  'https:/evil.example',
  'watch/1',
  '.',
  '..',
  '?next=/',
  '#/watch/1',
  '',
  ' ',
  `/${'a'.repeat(5000)}`,
];

const good = [
  ['/', '/'],
  ['/upload', '/upload'],
  ['/watch/01890a5d-ac96-774b-bcce-b302099a8057', '/watch/01890a5d-ac96-774b-bcce-b302099a8057'],
  ['/watch/1?t=30', '/watch/1?t=30'],
  ['/watch/1#chat', '/watch/1#chat'],
  ['/?q=a//b', '/?q=a//b'],
  ['/?next=https://evil.example', '/?next=https://evil.example'],
  ['/?q=%2f%5c', '/?q=%2f%5c'],
  ['/e/congress-2026/watch', '/e/congress-2026/watch'],
  ['/a/../upload', '/upload'],
  ['/watch/ñ', '/watch/%C3%B1'],
  ['/a@b:c', '/a@b:c'],
  ['/javascript:alert(1)', '/javascript:alert(1)'],
  ['/evil.example', '/evil.example'],
  ['/a//b', '/a//b'],
];

Deno.test('an address from outside that leads anywhere but to a path of this server is not followed', () => {
  ok(hostile.length >= 40);
  for (const address of hostile) equal([address, ownPath(address, '/', here)], [address, '/']);
  for (const address of [null, undefined, 7, {}, ['/upload']]) equal(ownPath(address, null, here), null);
});

Deno.test('a path of this server is followed as it was meant', () => {
  ok(good.length >= 10);
  for (const [address, path] of good) equal([address, ownPath(address, null, here)], [address, path]);
});

Deno.test('whatever comes out stays on this server however often it is read', () => {
  const beginnings = ['/', '/.', '/..', '/a/..', '/%2e', '/%2e%2e/', '/\\', '/\t', '//', ''];
  const middles = ['/', '//', '/./', '/.%2e/', '\\', '\n', '%2f', '@', ':', '?', '#'];
  const ends = ['evil.example', '/evil.example', '\\evil.example', '@evil.example', '..//evil.example'];
  let followed = 0;
  for (const beginning of beginnings) {
    for (const middle of middles) {
      for (const end of ends) {
        const path = ownPath(beginning + middle + end, null, here);
        if (path === null) continue;
        followed += 1;
        const once = new URL(path, here);
        const twice = new URL(once.pathname + once.search + once.hash, here);
        equal([once.origin, twice.href], ['https://palco.test', once.href]);
      }
    }
  }
  ok(followed > 20, `only ${followed} were followed at all`);
});

Deno.test('a whole address is one of this server only with the same scheme, name and port, and nobody named', () => {
  const base = 'https://palco.test/hls/master.m3u8';
  equal(ownAddress('720p/index.m3u8?token=a', base), 'https://palco.test/hls/720p/index.m3u8?token=a');
  equal(ownAddress('https://palco.test/key', base), 'https://palco.test/key');
  const others = ['http://palco.test/key', 'https://palco.test:8443/key', 'https://a:b@palco.test/key'];
  equal(
    [...others, '//evil.example/key', 'data:,key', '..//..//key\\'].map((each) => ownAddress(each, base)),
    [
      null,
      null,
      null,
      null,
      null,
      null,
    ],
  );
  equal(ownAddress('/key', 'about:blank'), null);
});

Deno.test('a page of the administration is one of ours whatever an id or a filter says', () => {
  for (
    const id of ['../..//evil.example', '..\\\\evil.example', '?x', '#x', 'a/b', '//evil.example', '..', '\t']
  ) {
    const { origin, pathname, searchParams, hash } = new URL(
      administrationPath(['people', id], { q: id }),
      here,
    );
    ok(pathname.startsWith('/administration/'), pathname);
    equal([origin, searchParams.get('q'), hash], ['https://palco.test', id, '']);
  }
  equal(administrationPath(['audit'], { q: '', actor: '' }), '/administration/audit');
});

Deno.test('the page of a video is one of ours whatever its id says', () => {
  for (const id of ['../..//evil.example', '..\\\\evil.example', '?x', '#x', 'a/b']) {
    const { origin, pathname, search, hash } = new URL(watchPath(id), here);
    ok(pathname.startsWith('/watch/'), pathname);
    equal([origin, search, hash], ['https://palco.test', '', '']);
  }
});

Deno.test('the page of a video begins at the second that its address names, and at no other thing', () => {
  equal(watchPath('a', 62.5), '/watch/a?t=62');
  equal([watchPath('a', 0), watchPath('a', 0.4), watchPath('a', Number.NaN)], [
    '/watch/a',
    '/watch/a?t=0',
    '/watch/a',
  ]);
  equal(['?t=62', '?t=0', '?x=1&t=7'].map(secondIn), [62, 0, 7]);
  equal(['', '?t=', '?t=-1', '?t=1e9', '?t=x', '?t=9999999'].map(secondIn), [
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
});

Deno.test('the pages of a list and of a search are ours whatever their id or words say', () => {
  for (
    const word of [
      '../..//evil.example',
      '..\\\\evil.example',
      '?x',
      '#x',
      'a/b',
      '//evil.example',
      '\t',
      '&q=x',
    ]
  ) {
    const list = new URL(listPath(word), here);
    ok(list.pathname.startsWith('/lists/'), list.pathname);
    equal([list.origin, list.search, list.hash], ['https://palco.test', '', '']);
    const named = new URL(namedPath('person', word), here);
    equal([named.origin, named.pathname, named.hash], ['https://palco.test', '/person', '']);
    equal(named.searchParams.getAll('name'), [word]);
    const captions = new URL(captionsPath(word, word), here);
    ok(/^\/videos\/.+\/captions$/.test(captions.pathname), captions.pathname);
    equal([captions.origin, captions.hash], ['https://palco.test', '']);
    equal(captions.searchParams.getAll('language'), [word]);
    const search = new URL(searchPath({ q: word, tags: [word], category: word }), here);
    equal([search.origin, search.pathname, search.hash], ['https://palco.test', '/search', '']);
    equal(['q', 'tag', 'category'].map((name) => search.searchParams.getAll(name)), [[word], [word], [word]]);
  }
});

/**
 * Ways to another address, each followed by what is led to.
 * @param {string} text
 */
function waysOut(text) {
  const ways = [
    /\blocation\s*\.\s*(?:assign|replace)\s*\(\s*(.*)/g,
    /\blocation(?:\s*\.\s*(?:href|pathname|search|hash|host|hostname|port|protocol))?\s*=(?!=)\s*(.*)/g,
    /\bopen\s*\(\s*(['"`].*|url.*|address.*|location.*)/g,
    /\bhistory\s*\.\s*(?:pushState|replaceState)\s*\([^,]*,[^,]*,\s*(.*)/g,
    /\bnavigation\s*\.\s*navigate\s*\(\s*(.*)/g,
    /\.(?:href|action|formAction)\s*=(?!=)\s*(.*)/g,
    /\brequest\.open\([^,]*,\s*(.*)/g,
    /\b(?:href|action|formaction): (.*)/g,
    /setAttribute\(\s*'(?:href|src|action|formaction)',\s*(.*)/g,
  ];
  return ways.flatMap((way) => [...text.matchAll(way)].map((match) => match[1].trim()));
}

/** What may stand there: the checked functions, a fixed path, a file of the page's own, and the symbols of our own sheet. */
const checked =
  /^(?:ownPath\(|watchPath\(|namedPath\(|captionsPath\(|captionsAddress\(|listPath\(|searchPath\(|administrationPath\(|auditExport\(|providerPath\(|providerPage\(|authenticatorAddress\(|URL\.createObjectURL\(|'\/(?![\/\\])[^']*'|path\);$|'#content'|sheet\b|reference\))/;

Deno.test('nothing in the pages goes to an address that was not checked', () => {
  const found = [...sources(/\.js$/)].flatMap(({ path, text }) => waysOut(text).map((to) => ({ path, to })));
  equal(found.filter(({ to }) => !checked.test(to)), []);
  ok(found.length >= 8, 'the patterns find the ways that are there');
  // The one `path` is that of the transport for uploads, which has just been checked.
  equal(found.filter(({ to }) => to.startsWith('path)')).map(({ path }) => path), ['upload/transport.js']);
  equal(found.filter(({ to }) => to.startsWith('reference')).map(({ path }) => path), ['lib/dom.js']);
});

Deno.test('the search for unchecked addresses finds each way of writing them', () => {
  const ways = [
    'location.href = next;',
    'location = next;',
    'window.location.assign(next);',
    'location.replace(next);',
    "window.open(url, '_blank');",
    "history.pushState(null, '', next);",
    'navigation.navigate(next);',
    'link.href = next;',
    "h('a', { href: next })",
    "element.setAttribute('src', next)",
    "request.open('GET', next);",
  ];
  for (const way of ways) {
    const [to] = waysOut(way);
    ok(to !== undefined && !checked.test(to), way);
  }
});
