import {
  forgetBelongings,
  isKeeping,
  keepBelonging,
  keepFor,
  recallBelonging,
} from '../../web/lib/belongings.js';
import { recall, recallRecord, remember } from '../../web/lib/preferences.js';
import { keepPosition, positionOf } from '../../web/pages/positions.js';
import { listUnfinished, memoryFor } from '../../web/upload/unfinished.js';
import { freshDevice } from './device.js';
import { read, sources } from './sources.js';
import { equal, ok } from './assert.js';

const file = { name: 'biopsy of a patient.mp4', size: 1000 };

/** @param {string} person */
function watchAndUpload(person) {
  keepFor(person);
  keepPosition('0190-secret-film', { position: 60, duration: 600 });
  memoryFor(file).set(`${person}|film`, '/api/v1/uploads/1');
}

Deno.test('signing out leaves neither watch positions nor names of files on the device', () => {
  const device = freshDevice();
  remember('locale', 'es');
  watchAndUpload('ann');
  equal([positionOf('0190-secret-film'), listUnfinished('ann').length], [60, 1]);
  forgetBelongings();
  const left = JSON.stringify([...device.kept]);
  ok(!/ann|secret|biopsy|uploads/.test(left), left);
  equal(recall('locale'), 'es');
});

Deno.test('what is told after signing out is not kept', () => {
  const device = freshDevice();
  watchAndUpload('ann');
  forgetBelongings();
  keepPosition('0190-secret-film', { position: 61, duration: 600 });
  memoryFor(file).set('ann|film', '/api/v1/uploads/1');
  equal([...device.kept], []);
  equal([positionOf('0190-secret-film'), listUnfinished('ann')], [0, []]);
});

Deno.test('another person finds nothing of the one before, who did not sign out', () => {
  const device = freshDevice();
  watchAndUpload('ann');
  keepFor('bob');
  equal([positionOf('0190-secret-film'), listUnfinished('ann'), listUnfinished('bob')], [0, [], []]);
  const left = JSON.stringify([...device.kept]);
  ok(!/ann|secret|biopsy/.test(left), left);
});

Deno.test('the same person finds everything again', () => {
  freshDevice();
  watchAndUpload('ann');
  keepFor('ann');
  equal([positionOf('0190-secret-film'), listUnfinished('ann').length], [60, 1]);
});

Deno.test('a person whose id begins like that of another is another person', () => {
  freshDevice();
  watchAndUpload('ann');
  keepFor('an');
  equal(positionOf('0190-secret-film'), 0);
  watchAndUpload('an');
  keepFor('ann');
  equal(positionOf('0190-secret-film'), 0);
});

Deno.test('a tab of a person who signed out in another tab keeps nothing any more', () => {
  const device = freshDevice();
  watchAndUpload('ann');
  device.kept.clear(); // As the other tab does.
  equal(isKeeping(), false);
  keepBelonging('positions', { film: 5 });
  equal([...device.kept], []);
  device.kept.set('palco.person', 'bob');
  keepBelonging('positions', { film: 5 });
  equal([...device.kept.keys()], ['palco.person']);
  equal(Object.keys(recallBelonging('positions')), []);
});

Deno.test('with a full storage things are kept as long as the page, and forgotten just so', () => {
  const device = freshDevice();
  keepFor('ann');
  device.isFull = true;
  keepPosition('film', { position: 60, duration: 600 });
  equal([positionOf('film'), JSON.stringify([...device.kept]).includes('film')], [60, false]);
  forgetBelongings();
  keepFor('ann');
  equal(positionOf('film'), 0);
  remember('theme', 'dark');
  equal(recall('theme'), 'dark');
  device.isFull = false;
  remember('theme', 'light');
  equal([recall('theme'), device.getItem('palco.theme')], ['light', 'light']);
});

Deno.test('what somebody wrote into the storage does no harm', () => {
  const device = freshDevice();
  keepFor('ann');
  const entry = { url: '/u', name: 'a', size: 1, sent: 0, began: Date.now() };
  for (
    const broken of ['null', '[]', '7', '{"ann|x":null}', '{"ann|x":{"url":1}}', '{"__proto__":{"a":1}}', '{']
  ) {
    device.kept.set('palco.of.ann.uploads', broken);
    device.kept.set('palco.of.ann.positions', broken);
    equal([listUnfinished('ann'), positionOf('__proto__'), positionOf('constructor')], [[], 0, 0]);
  }
  device.kept.set('palco.of.ann.uploads', JSON.stringify({ 'ann|x': null, 'ann|y': entry }));
  equal(listUnfinished('ann').map(({ key }) => key), ['ann|y']);
  equal(recallRecord('nothing').toString, undefined);
  keepPosition('__proto__', { position: 60, duration: 600 });
  equal([positionOf('__proto__'), positionOf('toString')], [60, 0]);
});

Deno.test('the storage is touched in one place, and everything personal goes by way of its owner', () => {
  const touching = [...sources(/\.js$/)].filter(({ text }) =>
    /localStorage|sessionStorage|indexedDB|caches\.|cookieStore|navigator\.storage|BroadcastChannel/.test(
      text,
    )
  );
  equal(touching.map(({ path }) => path).sort(), ['lib/preferences.js', 'theme.js']);
  ok(!/setItem/.test(read('theme.js')));
  const kept = [...sources(/\.js$/)].flatMap(({ path, text }) =>
    [...text.matchAll(/\b(?:remember|rememberRecord)\(([^,)]+)/g)].map((match) => `${path} ${match[1]}`)
  );
  equal(kept.filter((each) => !each.startsWith('lib/preferences.js')).sort(), [
    "components/header.js 'theme'",
    'lib/belongings.js name',
    'lib/belongings.js name',
    'lib/belongings.js nameFor(name',
    'lib/belongings.js owner',
    'lib/belongings.js owner',
    "lib/i18n.js 'locale'",
    "player/help.js 'shortcuts'",
    "player/palco-player.js 'muted'",
    "player/palco-player.js 'volume'",
    "player/throughput-memory.js 'throughput'",
  ]);
});

Deno.test('no worker keeps answers of the server', () => {
  for (const { path, text } of sources(/\.(?:js|html)$/)) {
    // A player in a frame talks to the page around it, and to no worker.
    const words = path === 'shared/frame-messages.js' ? text.replaceAll('postMessage', '') : text;
    ok(!/serviceWorker|new (?:Shared)?Worker|postMessage/.test(words), path);
  }
});
