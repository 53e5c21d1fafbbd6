/**
 * What can be done with all videos that are chosen. It stands at the bottom of the window while any are, and afterwards, until it is
 * closed, says what was done and takes it back.
 */
import { ask, showOnce } from '../components/dialogs.js';
import { textField } from '../components/field.js';
import { menuButton } from '../components/menu-button.js';
import { toastError } from '../components/toast.js';
import { foreign, h, icon, replace } from '../lib/dom.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { explainCode } from '../lib/problem.js';
import { changedOf, changeVideos, undoVideos, words } from '../lib/video-batch.js';

/** @typedef {import('../lib/api.js').Video} Video */
/** @typedef {import('../lib/video-batch.js').Change} Change */
/** @typedef {import('../lib/video-batch.js').Result} Result */

export class VideoBatchBar {
  /** @type {{ key: string, count: number, undo: Result[] } | null} what was done last */
  #done = null;
  #isUnderWay = false;

  /**
   * @param {import('../components/selection.js').Selection<Video>} selection
   * @param {{ changed: (results: Result[]) => void, offered: () => Video[] }} page
   */
  constructor(selection, { changed, offered }) {
    this.selection = selection;
    this.changed = changed;
    this.offered = offered;
    /** @type {Map<string, string>} titles of those that something was done with last */
    this.titles = new Map();
    this.says = h('strong', { role: 'status' });
    this.tools = h(
      'div',
      { class: 'batch-tools' },
      button('eye-off', 'mine.hide', () => this.#do({ is_hidden: true })),
      button('trash', 'mine.to_trash', () => this.#do({ is_trashed: true })),
      menuButton({ label: 'mine.more_for_selected', items: () => this.#items() }),
      closeButton('mine.select_none', () => selection.clear()),
    );
    this.undo = button('replay', 'mine.undo', () => this.#undo());
    this.undo.dataset.testid = 'undo';
    this.after = h(
      'div',
      { class: 'batch-tools' },
      this.undo,
      closeButton('action.close', () => this.#forget()),
    );
    this.element = h('section', { class: 'batch', label: 'mine.many', hidden: true, 'data-testid': 'batch' });
    replace(this.element, this.says, this.tools, this.after);
    selection.addEventListener('change', () => {
      if (selection.count > 0) this.#done = null;
      this.#show();
    });
    this.end = onLocaleChange(() => this.#show());
  }

  close() {
    this.end();
  }

  #show() {
    const { count } = this.selection;
    const done = count === 0 ? this.#done : null;
    this.element.hidden = count === 0 && done === null;
    this.tools.hidden = count === 0;
    this.after.hidden = done === null;
    this.undo.hidden = done === null || done.undo.length === 0;
    const says = done ? t(done.key, { count: done.count }) : count > 0 ? t('mine.selected', { count }) : '';
    if (this.says.textContent !== says) this.says.textContent = says;
  }

  #forget() {
    this.#done = null;
    this.#show();
  }

  /** @returns {import('../components/menu-button.js').MenuItem[]} */
  #items() {
    const shown = this.offered();
    const isAll = shown.every(({ id }) => this.selection.has(id));
    const all = { text: 'mine.select_shown', icon: 'check', act: () => this.selection.add(shown) };
    return [
      ...(isAll ? [] : [all]),
      { text: 'mine.unhide', icon: 'eye', act: () => this.#do({ is_hidden: false }) },
      { text: 'mine.make_premium', icon: 'shield', act: () => this.#do({ is_premium: true }) },
      { text: 'mine.make_free', icon: 'people', act: () => this.#do({ is_premium: false }) },
      { text: 'mine.set_category', icon: 'group', act: () => this.#setCategory() },
      { text: 'mine.add_tags', icon: 'tag', act: () => this.#changeTags('add_tags') },
      { text: 'mine.remove_tags', icon: 'close', act: () => this.#changeTags('remove_tags') },
    ];
  }

  async #setCategory() {
    const category = textField({
      label: 'watch.category',
      name: 'category',
      hint: 'mine.category_hint',
      input: { required: false, autocomplete: 'off' },
    });
    await this.#ask('mine.category_of_many', [category], () => ({ category: category.value.trim() || null }));
  }

  /** @param {'add_tags' | 'remove_tags'} what */
  async #changeTags(what) {
    const tags = textField({
      label: 'watch.tags',
      name: what,
      hint: 'watch.list_hint',
      input: { autocomplete: 'off' },
    });
    const title = what === 'add_tags' ? 'mine.add_tags_to_many' : 'mine.remove_tags_from_many';
    await this.#ask(title, [tags], () => ({ [what]: words(tags.value) }));
  }

  /**
   * @param {string} title
   * @param {import('../components/field.js').Field[]} fields
   * @param {() => Change} change
   */
  async #ask(title, fields, change) {
    /** @type {Result[]} */
    let results = [];
    const isDone = await ask({
      title: [title, { count: this.selection.count }],
      confirm: 'action.save',
      fields,
      act: async () => {
        results = await this.#change(change());
      },
    });
    if (isDone) await this.#finish('mine.changed_many', results, true);
  }

  /** Without a question first: it can be taken back. @param {Change} change */
  async #do(change) {
    await this.#once(async () => {
      const key = change.is_trashed ? 'mine.trashed_many' : 'mine.changed_many';
      await this.#finish(key, await this.#change(change), true);
    });
  }

  /** @param {Change} change */
  #change(change) {
    this.titles = new Map(this.selection.items.map(({ id, title }) => [id, title]));
    return changeVideos([...this.titles.keys()], change);
  }

  async #undo() {
    const last = this.#done;
    if (last === null) return;
    await this.#once(async () => this.#finish('mine.undone_many', await undoVideos(last.undo), false));
  }

  /** A second press while the server works changes nothing. @param {() => Promise<void>} act */
  async #once(act) {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    this.element.setAttribute('aria-busy', 'true');
    try {
      await act();
    } catch (error) {
      toastError(error);
    } finally {
      this.#isUnderWay = false;
      this.element.removeAttribute('aria-busy');
    }
  }

  /**
   * @param {string} key of what is said
   * @param {Result[]} results
   * @param {boolean} canUndo
   */
  async #finish(key, results, canUndo) {
    const changed = changedOf(results);
    this.selection.clear();
    this.#done = { key, count: changed.length, undo: canUndo ? changed : [] };
    this.changed(results);
    this.#show();
    const refused = results.filter(({ result }) => result === 'refused');
    if (refused.length > 0) await this.#tell(refused);
    // What had the focus is hidden now.
    const next = /** @type {HTMLElement | null} */ (this.after.querySelector('button:not([hidden])'));
    next?.focus({ preventScroll: true });
  }

  /** @param {Result[]} refused */
  async #tell(refused) {
    await showOnce({
      title: ['mine.refused_many', { count: refused.length }],
      confirm: 'action.close',
      body: [
        h(
          'ul',
          { class: 'refused' },
          ...refused.map(({ id, error }) =>
            h(
              'li',
              {},
              h('strong', {}, foreign(this.titles.get(id) ?? id)),
              ' ',
              explainCode(error?.code ?? '', { detail: error?.detail }),
            )
          ),
        ),
      ],
    });
  }
}

/**
 * @param {string} symbol
 * @param {string} text a message key
 * @param {() => void} act
 */
function button(symbol, text, act) {
  return h(
    'button',
    { type: 'button', class: 'button small', onclick: act },
    icon(symbol),
    h('span', { text }),
  );
}

/**
 * @param {string} text a message key
 * @param {() => void} act
 */
function closeButton(text, act) {
  return h(
    'button',
    { type: 'button', class: 'icon-button', label: text, tip: text, onclick: act },
    icon('close'),
  );
}
