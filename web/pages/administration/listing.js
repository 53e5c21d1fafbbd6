/** A table that fills page by page, with what is said while it loads, when it is empty and when something is wrong. */
import { arches, troubleNote } from '../../components/note.js';
import { h, replace } from '../../lib/dom.js';
import { onLocaleChange, t } from '../../lib/i18n.js';
import { Paged } from '../../lib/paged.js';
import { explain } from '../../lib/problem.js';

/** @typedef {{ title: string, hint?: string, way?: HTMLElement | null }} Empty message keys, and a way on from here */

/** @template T */
export class Listing {
  #isLoaded = false;

  /**
   * @param {object} options
   * @param {import('../../components/table.js').Table<T>} options.table
   * @param {(cursor: string | null, signal: AbortSignal) => Promise<{ data: T[], next_cursor: string | null }>} options.load
   * @param {string} options.count a message with plural forms: how many are shown
   * @param {() => Empty} options.empty
   * @param {(items: T[]) => void} [options.loaded]
   * @param {(error: unknown) => void} [options.failed]
   */
  constructor({ table, load, count, empty, loaded = () => {}, failed = () => {} }) {
    this.table = table;
    this.count = count;
    this.empty = empty;
    this.loaded = loaded;
    this.failed = failed;
    this.pages = new Paged(load);
    this.status = h('p', { class: 'listing-count', role: 'status' });
    this.note = h('div');
    this.more = h('button', {
      type: 'button',
      class: 'button',
      text: 'library.more',
      onclick: () => this.#more(),
    });
    this.foot = h('div', { class: 'more', hidden: true }, this.more);
    this.element = h('div', { class: 'listing' }, this.status, this.note, table.element, this.foot);
    this.endLocale = onLocaleChange(() => this.#redraw());
  }

  /** Loads the first page. What is on the page stays until the answer is there. */
  async begin() {
    if (this.#isLoaded) this.table.element.setAttribute('aria-busy', 'true');
    else {
      this.#showTable(true);
      this.table.await();
      this.status.textContent = t('admin.loading');
    }
    try {
      const items = await this.pages.begin();
      if (items === null) return;
      this.#isLoaded = true;
      this.table.show(items);
      this.loaded(items);
      this.settle();
    } catch (error) {
      this.#isLoaded = false;
      this.failed(error);
      this.#showTable(false);
      this.foot.hidden = true;
      this.status.textContent = '';
      replace(this.note, troubleNote('admin.list_error', explain(error), () => this.begin()));
    }
  }

  async #more() {
    this.more.setAttribute('aria-busy', 'true');
    try {
      const items = await this.pages.more();
      if (items === null) return;
      const first = this.table.append(items);
      this.loaded(items);
      this.settle();
      /** @type {HTMLElement | null | undefined} */ (first?.querySelector('a, button, input'))?.focus();
      this.foot.querySelector('.complaint')?.remove();
    } catch (error) {
      this.failed(error);
      this.foot.querySelector('.complaint')?.remove();
      this.foot.prepend(h('p', { class: 'complaint', role: 'alert' }, explain(error)));
    } finally {
      this.more.removeAttribute('aria-busy');
    }
  }

  /** Says what the table holds now; call it after each change of its rows. */
  settle() {
    const count = this.table.items.length;
    this.#showTable(count > 0);
    this.foot.hidden = !this.pages.hasMore;
    this.status.textContent = count === 0
      ? ''
      : t(this.pages.hasMore ? 'admin.first_shown' : this.count, { count });
    replace(this.note, count === 0 && emptyNote(this.empty()));
  }

  close() {
    this.pages.close();
    this.endLocale();
  }

  #redraw() {
    if (!this.#isLoaded) return;
    this.table.redraw();
    this.settle();
  }

  /** @param {boolean} isShown */
  #showTable(isShown) {
    this.table.element.hidden = !isShown;
    if (isShown) this.note.replaceChildren();
  }
}

/** @param {Empty} empty */
export function emptyNote({ title, hint, way = null }) {
  return h(
    'div',
    { class: 'empty', role: 'status', 'data-testid': 'empty' },
    arches(),
    h('h2', { text: title }),
    hint ? h('p', { text: hint }) : null,
    way,
  );
}
