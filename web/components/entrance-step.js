/** What the pages before sign-in are made of: a sign, a heading, and one thing to do. */
import { ownPath } from '../lib/address.js';
import { h, icon, replace } from '../lib/dom.js';

/** @typedef {import('./field.js').Text} Text */

/**
 * @param {object} step
 * @param {Text} step.title
 * @param {string} [step.symbol] the name of an icon
 * @param {Text | null} [step.text]
 * @param {(Node | null | false)[]} [step.body]
 */
export function entranceStep({ title, symbol = 'mark', text = null, body = [] }) {
  return h(
    'div',
    { class: 'entrance-step' },
    h(
      'div',
      { class: 'entrance-sign' },
      icon(symbol),
      h('h1', { text: title, tabindex: '-1' }),
      text && h('p', { text }),
    ),
    ...body,
  );
}

/**
 * Puts the next step in the place of the one before; the focus goes along.
 * @param {HTMLElement} place
 * @param {HTMLElement} step
 */
export function turnTo(place, step) {
  replace(place, step);
  focusWithin(step);
}

/**
 * What is to be filled in has the focus, else the heading, which says what happened.
 * @param {HTMLElement} step
 */
export function focusWithin(step) {
  const first = step.querySelector('input:not([readonly])') ?? step.querySelector('h1');
  /** @type {HTMLElement | null} */ (first)?.focus();
}

/**
 * @param {string} path
 * @param {string} text a message key
 * @param {boolean} [isPrimary]
 */
export function linkButton(path, text, isPrimary = false) {
  return h('a', { class: isPrimary ? 'button primary' : 'button', href: ownPath(path, '/'), text });
}
