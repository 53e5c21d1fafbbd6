/** A page's words when there is nothing to show, or something is wrong. */
import { h, icon } from '../lib/dom.js';

/** Three boxes of a theatre, one of them lit. */
export function arches() {
  return h(
    'div',
    { class: 'arches', 'aria-hidden': 'true' },
    ...['film', 'play', 'film'].map((name) => h('i', {}, icon(name))),
  );
}

/**
 * @param {string} title a message key
 * @param {string} sentence a text
 * @param {() => void} again
 */
export function troubleNote(title, sentence, again) {
  return h(
    'div',
    { class: 'empty', role: 'alert', 'data-testid': 'trouble' },
    icon('alert', 'icon'),
    h('h2', { text: title }),
    h('p', {}, sentence),
    h('button', { type: 'button', class: 'button', onclick: again, text: 'action.try_again' }),
  );
}

/**
 * A sentence set apart from what is around it.
 * @param {string} symbol the name of an icon
 * @param {string} sentence a message key
 * @param {'plain' | 'good' | 'bad'} [tone]
 */
export function notice(symbol, sentence, tone = 'plain') {
  return h(
    'div',
    { class: `notice ${tone}`, role: tone === 'bad' ? 'alert' : null },
    icon(symbol),
    h('p', { text: sentence }),
  );
}
