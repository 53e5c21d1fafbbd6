/**
 * A table that becomes a list of cards where it has no room. The roles are said again because some browsers forget them when
 * the styles change how rows and cells are laid out.
 */
import { add, h } from '../lib/dom.js';

/** @typedef {import('../lib/dom.js').Child} Child */
/**
 * @template T
 * @typedef {object} Column
 * @property {string} label a message key
 * @property {(item: T) => Child | Child[]} cell
 * @property {string} [className]
 * @property {boolean} [names] the cell says which item the row is about
 * @property {boolean} [bare] the label is for screen readers only
 */

/** @template T */
export class Table {
  /** @type {Map<string, { item: T, row: HTMLElement }>} in the order of the page */
  #rows = new Map();

  /**
   * @param {object} options
   * @param {string} options.caption a message key
   * @param {Column<T>[]} options.columns
   * @param {(item: T) => string} options.key
   * @param {string} [options.className]
   * @param {string} [options.testid]
   */
  constructor({ caption, columns, key, className = '', testid }) {
    this.columns = columns;
    this.key = key;
    const heads = columns.map(({ label, bare, className }) =>
      h(
        'th',
        { scope: 'col', role: 'columnheader', class: className },
        h('span', { text: label, class: bare ? 'unseen' : null }),
      )
    );
    this.body = h('tbody', { role: 'rowgroup' });
    this.element = h(
      'table',
      { class: `table ${className}`.trim(), role: 'table', tabindex: '-1', 'data-testid': testid },
      h('caption', { class: 'unseen', text: caption }),
      h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...heads)),
      this.body,
    );
  }

  get items() {
    return [...this.#rows.values()].map(({ item }) => item);
  }

  /** @param {string} key */
  item(key) {
    return this.#rows.get(key)?.item ?? null;
  }

  /** @param {T[]} items in place of those before */
  show(items) {
    this.#rows.clear();
    this.body.replaceChildren();
    this.element.removeAttribute('aria-busy');
    this.append(items);
  }

  /**
   * @param {T[]} items those that the table has already are left out
   * @returns {HTMLElement | null} the first row that came
   */
  append(items) {
    let first = null;
    for (const item of items) {
      const key = this.key(item);
      if (this.#rows.has(key)) continue;
      const row = this.#row(item);
      this.#rows.set(key, { item, row });
      this.body.append(row);
      first ??= row;
    }
    return first;
  }

  /**
   * Shows the item as it is now, in its place. What had the focus in its row has it again.
   * @param {T} item
   */
  update(item) {
    const entry = this.#rows.get(this.key(item));
    if (!entry) return;
    const focused = entry.row.contains(document.activeElement) ? document.activeElement : null;
    const row = this.#row(item);
    entry.row.replaceWith(row);
    this.#rows.set(this.key(item), { item, row });
    const name = focused?.getAttribute('data-part');
    if (name) /** @type {HTMLElement | null} */ (row.querySelector(`[data-part="${name}"]`))?.focus();
  }

  /**
   * What had the focus in the row gives it to the row that takes its place.
   * @param {string} key
   */
  remove(key) {
    const entry = this.#rows.get(key);
    if (!entry) return;
    const next = entry.row.nextElementSibling ?? entry.row.previousElementSibling;
    const hadFocus = entry.row.contains(document.activeElement) || document.activeElement === document.body;
    entry.row.remove();
    this.#rows.delete(key);
    if (!hadFocus) return;
    const target = next?.querySelector('a, button') ?? this.element;
    /** @type {HTMLElement} */ (target).focus();
  }

  /** Draws every row again, in the language of now. */
  redraw() {
    for (const { item } of [...this.#rows.values()]) this.update(item);
  }

  /** The shape of what is coming. @param {number} [count] rows */
  await(count = 8) {
    this.#rows.clear();
    this.element.setAttribute('aria-busy', 'true');
    const bones = () =>
      this.columns.map(({ className }) =>
        h('td', { role: 'cell', class: className }, h('div', { class: 'bone line' }))
      );
    this.body.replaceChildren(
      ...Array.from({ length: count }, () => h('tr', { role: 'row', class: 'waiting' }, ...bones())),
    );
  }

  /** @param {T} item */
  #row(item) {
    const cells = this.columns.map(({ label, cell, className, names, bare }) => {
      const found = cell(item);
      const content = Array.isArray(found) ? found : [found];
      const properties = { class: className, role: names ? 'rowheader' : 'cell' };
      const element = names ? h('th', { ...properties, scope: 'row' }) : h('td', properties);
      // On cards, where there is no head of columns to see. Screen readers have it.
      if (!bare && !names) {
        element.append(h('span', { class: 'cell-label', 'aria-hidden': 'true', text: label }));
      }
      element.append(h('div', { class: 'cell' }));
      add(/** @type {HTMLElement} */ (element.lastElementChild), content);
      return element;
    });
    return h('tr', { role: 'row', 'data-id': this.key(item) }, ...cells);
  }
}
