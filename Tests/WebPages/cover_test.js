/** The moment of a film that becomes its cover, as people write it. */
import { secondsFrom } from '../../web/components/cover-field.js';
import { equal } from './assert.js';

const written = [
  ['0', 0],
  ['12.5', 12.5],
  ['12,5', 12.5],
  ['1:05', 65],
  [' 1:05.40 ', 65.4],
  ['1:00:00', 3600],
  ['', null],
  ['soon', null],
  ['1:75', null],
  ['-3', null],
  ['1e9', null],
];

for (const [text, seconds] of written) {
  Deno.test(`'${text}' is ${seconds === null ? 'no moment' : `${seconds} s`}`, () => {
    equal(secondsFrom(/** @type {string} */ (text)), seconds);
  });
}
