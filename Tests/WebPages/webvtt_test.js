import {
  cueAt,
  cueOfLine,
  cuesFrom,
  fileOf,
  placesOf,
  plainText,
  secondsFrom,
  split,
  timeText,
} from '../../web/lib/webvtt.js';
import { wrongLines } from '../../web/lib/captions.js';
import { ApiError } from '../../web/lib/api.js';
import { WatchedTime } from '../../web/player/watched-time.js';
import { equal, ok } from './assert.js';

const file = `WEBVTT

NOTE nothing to read

intro
00:00:01.000 --> 00:00:02.500 align:start
<v Ann>One &amp; <i>two</i>
three

01:00:00.000 --> 01:00:01.000
Later
`;

Deno.test('cues are read with their names, times, settings and lines', () => {
  equal(cuesFrom(file), [
    { name: 'intro', begin: 1, end: 2.5, settings: 'align:start', text: '<v Ann>One & <i>two</i>\nthree' },
    { name: '', begin: 3600, end: 3601, settings: '', text: 'Later' },
  ]);
  equal(cuesFrom(file.replaceAll('\n', '\r\n')), cuesFrom(file));
  equal(cuesFrom(''), []);
  equal(cuesFrom('WEBVTT\n\nno times\nat all'), []);
});

Deno.test('what was read is written as it was, and each cue knows its line', () => {
  const cues = cuesFrom(file);
  const { text, lines } = fileOf(cues);
  equal(cuesFrom(text), cues);
  const written = text.split('\n');
  equal(lines.map((line) => written[line - 1]), ['intro', '01:00:00.000 --> 01:00:01.000']);
  equal([1, 2, 3, 6, 7, 8, 90].map((line) => cueOfLine(lines, line)), [-1, -1, 0, 0, 0, 1, 1]);
});

Deno.test('an empty line in a text does not end its cue', () => {
  const cue = { name: '', begin: 0, end: 1, settings: '', text: '\n one \n\n two\n' };
  equal(cuesFrom(fileOf([cue]).text), [{ ...cue, text: 'one\ntwo' }]);
});

Deno.test('times are read as people write them', () => {
  equal(['1:05.5', '01:01:05,500', '65.5', ' 0:00 ', '12'].map(secondsFrom), [65.5, 3665.5, 65.5, 0, 12]);
  equal(
    ['', 'x', '1:60', '1:60:00', '-1', '1:2:3:4', '1:05.1234', '1e3'].map(secondsFrom),
    Array(8).fill(null),
  );
  equal([0, 65.5, 3725.0004, 59.9996].map(timeText), ['0:00.000', '1:05.500', '1:02:05.000', '1:00.000']);
  for (const seconds of [0, 1.001, 59.999, 3600, 7265.12]) equal(secondsFrom(timeText(seconds)), seconds);
});

Deno.test('a cue is split where the film stands, at a gap between words', () => {
  const cue = { name: 'a', begin: 10, end: 20, settings: '', text: 'one two three four' };
  equal(split(cue, 15).map(({ begin, end, text }) => [begin, end, text]), [
    [10, 15, 'one two'],
    [15, 20, 'three four'],
  ]);
  equal(split(cue, 99)[0].end, 15);
  equal(split({ ...cue, text: 'word' }).map(({ text }) => text), ['word', '']);
  equal(split(cue)[1].name, '');
});

Deno.test('the cue of a time is the last that has begun', () => {
  const cues = [1, 3, 3, 8].map((begin) => ({ name: '', begin, end: begin + 1, settings: '', text: '' }));
  equal([0, 1, 2.9, 3, 7, 100].map((time) => cueAt(cues, time)), [-1, 0, 0, 2, 2, 3]);
  equal(cueAt([], 1), -1);
});

Deno.test('the text of a cue is read without its tags', () => {
  equal(plainText('<v Ann>One &amp; <i>two</i>\nthree &lt;b&gt;'), 'One & two three <b>');
});

Deno.test('words are found whatever their accents and capitals, at their places', () => {
  equal(placesOf('Válvula, VALVULA', 'valvula'), [{ start: 0, length: 7 }, { start: 9, length: 7 }]);
  equal(placesOf('Ёлка и елка', 'елка'), [{ start: 0, length: 4 }, { start: 7, length: 4 }]);
  equal(placesOf('any', '  '), []);
  equal(placesOf('😀 ß İ x', 'x'), [{ start: 7, length: 1 }]);
});

Deno.test('what the server says of lines is told from all else', () => {
  const fields = [{ field: 'line 7', code: 'order', detail: 'Line 7: it ends first.' }, {
    field: 'label',
    code: 'x',
  }];
  const error = new ApiError(422, 'validation_failed', { fields });
  equal(wrongLines(error), [{ line: 7, code: 'order', detail: 'Line 7: it ends first.' }]);
  equal(wrongLines(new Error('x')), []);
});

Deno.test('seconds that were watched count without pauses and jumps', () => {
  const watched = new WatchedTime();
  for (const time of [10, 10.25, 10.5, 10.5]) watched.played(time);
  watched.jumped();
  for (const time of [60, 61]) watched.played(time);
  equal(watched.take(), 1.5);
  equal(watched.take(), 0);
  watched.played(61.25);
  watched.played(40);
  ok(watched.take() === 0.25, 'what goes back counts nothing');
});
