/** A list that comes in pages: what is coming, what went wrong, nothing at all, and a button for more. */
import { h, replace } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { Paged } from '../lib/paged.js';
import { explain } from '../lib/problem.js';
import { troubleNote } from './note.js';

/** @template T */
export class PagedList {
  #isOpen = true;
  /** @type {T[]} */
  items = [];

  /**
   * @param {object} options
   * @param {(cursor: string | null, signal: AbortSignal) => Promise<{ data: T[], next_cursor: string | null }>} options.load
   * @param {(item: T) => HTMLElement} options.row
   * @param {() => HTMLElement} options.empty
   * @param {'ul' | 'ol'} [options.tag]
   * @param {string} options.className of the list
   * @param {string} options.testid
   * @param {string} options.label a message key
   * @param {string} options.error a message key
   * @param {(items: T[]) => string} [options.status] what is said of the list when it has come
   */
  constructor({ load, row, empty, tag = 'ul', className, testid, label, error, status = () => '' }) {
    this.paged = new Paged(load);
    this.row = row;
    this.empty = empty;
    this.error = error;
    this.says = status;
    // The role stays where a style takes the marks of a list away.
    this.list = h(
      tag,
      { class: className, role: 'list', label, 'data-testid': testid, 'aria-busy': 'true' },
      ...bones(),
    );
    this.button = h('button', {
      type: 'button',
      class: 'button',
      text: 'library.more',
      'data-testid': 'more',
      onclick: () => void this.#more(),
    });
    this.foot = h('div', { class: 'more', hidden: true }, this.button);
    this.note = h('div');
    this.status = h('p', { class: 'unseen', role: 'status' });
    this.element = h('div', { class: 'paged' }, this.status, this.note, this.list, this.foot);
  }

  /** Asks for the first page. What is on the page stays there until it has come. */
  async begin() {
    this.list.setAttribute('aria-busy', 'true');
    try {
      const items = await this.paged.begin();
      if (items === null || !this.#isOpen) return;
      this.items = items;
      replace(this.list, ...items.map(this.row));
      this.#settle();
      this.say(this.says(items));
    } catch (error) {
      if (this.#isOpen) this.#failed(error, () => void this.begin());
    }
  }

  close() {
    this.#isOpen = false;
    this.paged.close();
  }

  /** @param {string} text for who does not see the list change */
  say(text) {
    this.status.textContent = text;
  }

  /**
   * Takes a row out; the focus, if it was there, goes to the one beside it.
   * @param {HTMLElement} row
   */
  remove(row) {
    const rows = [...this.list.children];
    const place = rows.indexOf(row);
    if (place < 0) return;
    const hadFocus = row.contains(document.activeElement);
    const beside = rows[place + 1] ?? rows[place - 1];
    row.remove();
    this.items.splice(place, 1);
    this.#settle();
    if (!hadFocus) return;
    const next = (beside ?? this.note).querySelector('a, button');
    if (next instanceof HTMLElement) next.focus();
  }

  async #more() {
    this.button.setAttribute('aria-busy', 'true');
    try {
      const items = await this.paged.more();
      if (items === null || !this.#isOpen) return;
      const rows = items.map(this.row);
      this.items.push(...items);
      this.list.append(...rows);
      this.#settle();
      this.say(t('list.more_came', { count: items.length }));
      /** @type {HTMLElement | null | undefined} */ (rows[0]?.querySelector('a, button'))?.focus();
    } catch (error) {
      if (this.#isOpen) this.#failed(error, () => void this.#more());
    } finally {
      this.button.removeAttribute('aria-busy');
    }
  }

  #settle() {
    const isEmpty = this.list.childElementCount === 0 && !this.paged.hasMore;
    this.list.removeAttribute('aria-busy');
    this.list.hidden = isEmpty;
    this.foot.hidden = !this.paged.hasMore;
    replace(this.note, isEmpty && this.empty());
  }

  /**
   * @param {unknown} error
   * @param {() => void} again
   */
  #failed(error, again) {
    this.list.removeAttribute('aria-busy');
    this.list.hidden = this.items.length === 0;
    this.foot.hidden = true;
    replace(
      this.note,
      troubleNote(this.error, explain(error), () => {
        this.note.replaceChildren();
        this.list.hidden = false;
        again();
      }),
    );
  }
}

/** The shape of what is coming. */
function bones() {
  return Array.from({ length: 6 }, () =>
    h(
      'li',
      { class: 'card', 'aria-hidden': 'true' },
      h('div', { class: 'card-picture bone' }),
      h('div', { class: 'card-text' }, h('div', { class: 'bone line' })),
    ));
}
