/** What says that a film has no picture: a symbol and the word. */
import { h, icon } from '../lib/dom.js';

export function audioMark() {
  return h(
    'span',
    { class: 'audio-mark', 'data-testid': 'audio' },
    icon('sound', 'icon small'),
    h('span', { text: 'kind.audio' }),
  );
}
