import { writtenAddress } from '../../web/lib/rich-text.js';
import { equal } from './assert.js';

const here = 'https://palco.test/watch/1';

for (
  const [address, found] of [
    ['https://example.org/a?b=1', 'https://example.org/a?b=1'],
    ['http://example.org', 'http://example.org/'],
    ['mailto:a@example.org', 'mailto:a@example.org'],
    ['/watch/2', 'https://palco.test/watch/2'],
    ['javascript:alert(1)', null],
    ['JAVASCRIPT:alert(1)', null],
    ['\tjavascript:alert(1)', null],
    ['java\nscript:alert(1)', null],
    ['data:text/html,x', null],
    ['blob:https://palco.test/1', null],
    ['//evil.example', null],
    ['/\\evil.example', null],
    ['watch/2', null],
    ['', null],
  ]
) {
  Deno.test(`an address that somebody wrote: ${JSON.stringify(address)}`, () => {
    equal(writtenAddress(/** @type {string} */ (address), here), found);
  });
}
