/** A part of a page of settings: what it is about, beside what can be done. */
import { freshId, h, replace } from '../lib/dom.js';

/** @typedef {import('./field.js').Text} Text */
/** @typedef {import('../lib/dom.js').Child} Child */

/**
 * @param {object} setting
 * @param {Text} setting.title
 * @param {Text | null} [setting.text]
 * @param {string} [setting.testid]
 * @param {...Child} content
 */
export function setting({ title, text = null, testid }, ...content) {
  const id = freshId('setting');
  return h(
    'section',
    { class: 'setting', 'aria-labelledby': id, 'data-testid': testid },
    h(
      'div',
      { class: 'setting-head' },
      h('h2', { id, tabindex: '-1', text: title }),
      text && h('p', { text }),
    ),
    h('div', { class: 'setting-body' }, ...content),
  );
}

/**
 * A list of things, each with what can be done about it.
 * @template T
 */
export class Rows {
  /** @type {T[]} */
  items = [];

  /**
   * @param {object} options
   * @param {string} options.label a message key
   * @param {string} options.none a message key for when there is nothing
   * @param {(item: T) => HTMLElement} options.row
   */
  constructor({ label, none, row }) {
    this.row = row;
    this.list = h('ul', { class: 'rows', label });
    this.none = h('p', { class: 'rows-none', text: none, tabindex: '-1' });
    this.element = h('div', {}, this.list, this.none);
  }

  /** @param {T[]} items */
  show(items) {
    this.items = items;
    replace(this.list, ...items.map((item) => this.row(item)));
    this.list.hidden = items.length === 0;
    this.none.hidden = items.length > 0;
  }

  /** The same, in the language of now. */
  redraw() {
    this.show(this.items);
  }

  /** The focus goes to what has taken its place. @param {T} item */
  remove(item) {
    const place = this.items.indexOf(item);
    this.show(this.items.filter((each) => each !== item));
    const buttons = [...this.list.children].map((row) => row.querySelector('button'));
    const next = buttons.slice(Math.max(0, place)).find(Boolean) ?? buttons.findLast(Boolean) ?? this.none;
    /** @type {HTMLElement} */ (next).focus();
  }
}

/**
 * @param {object} options
 * @param {Node} options.symbol
 * @param {Child[]} options.title
 * @param {Child[]} options.facts each is a fact of its own
 * @param {(HTMLElement | null)} [options.button] what can be done
 * @param {string} [options.testid]
 */
export function row({ symbol, title, facts, button = null, testid }) {
  const told = facts.filter((fact) => fact !== null && fact !== '' && fact !== false);
  return h(
    'li',
    { class: 'row', 'data-testid': testid },
    symbol,
    h(
      'div',
      { class: 'row-words' },
      h('p', { class: 'row-title' }, ...title),
      h('p', { class: 'row-facts' }, ...told.map((fact) => h('span', {}, fact))),
    ),
    button,
  );
}
