/** One playlist: its videos in the order that its owner gives them. */
import { ask } from '../components/dialogs.js';
import { arches } from '../components/note.js';
import { PagedList } from '../components/paged-list.js';
import { toast, toastError } from '../components/toast.js';
import { filed, VideoCard } from '../components/video-card.js';
import { ApiError } from '../lib/api.js';
import {
  openPlaylist,
  putIntoPlaylist,
  removePlaylist,
  renamePlaylist,
  takeFromPlaylist,
} from '../lib/catalogue.js';
import { foreign, h, icon, replace } from '../lib/dom.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { recentlySeen } from '../lib/seen.js';
import { visible } from '../lib/visible.js';
import { nameField } from './lists.js';

/** @typedef {import('../lib/api.js').Video} Video */

/**
 * @param {import('../router.js').Context} context
 * @param {string} id
 * @returns {import('../router.js').View}
 */
export function listView(context, id) {
  const page = new ListPage(context, id);
  page.start();
  return { element: page.element, title: () => page.title(), close: () => page.close() };
}

class ListPage {
  #stop = new AbortController();
  #name = '';
  #count = 0;
  /** Moves are carried out one after another, because each counts places after the one before. */
  #moves = Promise.resolve();

  /**
   * @param {import('../router.js').Context} context
   * @param {string} id
   */
  constructor(context, id) {
    this.context = context;
    this.id = id;
    this.seen = recentlySeen(this.#stop.signal);
    this.heading = h('h1', { 'data-testid': 'name' });
    this.count = h('p');
    this.actions = h(
      'div',
      { class: 'head-actions', hidden: true },
      this.#action('edit', 'lists.rename', () => this.#rename()),
      this.#action('trash', 'action.delete', () => this.#delete()),
    );
    this.list = new PagedList({
      load: (cursor, signal) => this.#load(cursor, signal),
      row: (video) => this.#row(video),
      empty: () => this.#emptyNote(),
      tag: 'ol',
      className: 'hits numbered',
      testid: 'list',
      label: 'lists.videos',
      error: 'lists.error',
    });
    this.element = h(
      'div',
      { class: 'narrow-page' },
      h('a', { class: 'back', href: '/lists' }, icon('back'), h('span', { text: 'lists.back' })),
      h('div', { class: 'page-head' }, this.heading, this.count, this.actions),
      this.list.element,
    );
  }

  start() {
    const end = onLocaleChange(() => void this.list.begin());
    this.#stop.signal.addEventListener('abort', end, { once: true });
    void this.list.begin();
  }

  close() {
    this.#stop.abort();
    this.list.close();
  }

  title() {
    return this.#name === '' ? t('lists.title') : visible(this.#name);
  }

  /**
   * @param {string} symbol
   * @param {string} text a message key
   * @param {() => Promise<void>} act
   */
  #action(symbol, text, act) {
    return h(
      'button',
      { type: 'button', class: 'button', 'data-testid': symbol, onclick: () => void act() },
      icon(symbol),
      h('span', { text }),
    );
  }

  /**
   * @param {string | null} cursor
   * @param {AbortSignal} signal
   */
  async #load(cursor, signal) {
    try {
      const page = await openPlaylist(this.id, cursor, signal);
      if (!signal.aborted) this.#showHead(page.name, page.video_count);
      return page;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404 && !signal.aborted) this.#isMissing();
      throw error;
    }
  }

  /**
   * @param {string} name
   * @param {number} count
   */
  #showHead(name, count) {
    this.#name = name;
    this.#count = count;
    this.actions.hidden = false;
    replace(this.heading, foreign(name));
    this.count.textContent = t('library.count', { count });
    this.context.retitle?.();
  }

  #isMissing() {
    this.close();
    replace(
      this.element,
      h(
        'div',
        { class: 'empty', 'data-testid': 'not-found' },
        arches(),
        h('h1', { text: 'lists.not_found' }),
        h('p', { text: 'lists.not_found_hint' }),
        h('a', { class: 'button primary', href: '/lists', text: 'lists.back' }),
      ),
    );
  }

  #emptyNote() {
    return h(
      'div',
      { class: 'empty', 'data-testid': 'empty' },
      arches(),
      h('h2', { text: 'lists.bare' }),
      h('p', { text: 'lists.bare_hint' }),
      h('a', { class: 'button primary', href: '/', text: 'notfound.back' }),
    );
  }

  /** @param {Video} video */
  #row(video) {
    const card = new VideoCard(video, { testid: 'entry', facts: filed });
    void this.seen.then((all) => (card.seen = all.get(video.id) ?? null));
    const row = card.element;
    row.append(
      h(
        'div',
        { class: 'hit-actions' },
        this.#rowButton('up', 'lists.up', video, () => this.#move(video, row, -1)),
        this.#rowButton('down', 'lists.down', video, () => this.#move(video, row, 1)),
        this.#rowButton('close', 'lists.take', video, () => void this.#take(video, row)),
      ),
    );
    return row;
  }

  /**
   * @param {string} symbol
   * @param {string} text a message key
   * @param {Video} video
   * @param {() => void} act
   */
  #rowButton(symbol, text, { title }, act) {
    const words = [text, { title }];
    return h(
      'button',
      { type: 'button', class: 'icon-button', label: words, tip: words, 'data-part': symbol, onclick: act },
      icon(symbol),
    );
  }

  /**
   * The row moves at once; when the server refuses, the list is shown as it has it.
   * @param {Video} video
   * @param {HTMLElement} row
   * @param {1 | -1} step
   */
  #move(video, row, step) {
    const beside = step < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (beside === null) return;
    if (step < 0) beside.before(row);
    else beside.after(row);
    // At either end only the way back is left.
    const isAtEnd = (step < 0 ? row.previousElementSibling : row.nextElementSibling) === null;
    const next = (step < 0) === isAtEnd ? 'down' : 'up';
    /** @type {HTMLElement | null} */ (row.querySelector(`[data-part=${next}]`))?.focus();
    const place = [...this.list.list.children].indexOf(row);
    this.list.say(t('lists.moved', { place: place + 1, count: this.#count }));
    this.#moves = this.#moves.then(() => putIntoPlaylist(this.id, video.id, place)).catch((error) => {
      toastError(error);
      if (!this.#stop.signal.aborted) return this.list.begin();
    });
  }

  /**
   * @param {Video} video
   * @param {HTMLElement} row
   */
  async #take(video, row) {
    this.#moves = this.#moves.then(async () => {
      await takeFromPlaylist(this.id, video.id);
      this.list.remove(row);
      this.#showHead(this.#name, Math.max(0, this.#count - 1));
      toast('lists.taken');
    }).catch(toastError);
    await this.#moves;
  }

  async #rename() {
    const name = nameField();
    name.control.value = this.#name;
    await ask({
      title: 'lists.rename_title',
      confirm: 'action.save',
      fields: [name],
      act: async () => {
        const renamed = await renamePlaylist(this.id, name.value.trim());
        this.#showHead(renamed.name, this.#count);
      },
    });
  }

  async #delete() {
    const deleted = await ask({
      title: 'lists.delete_question',
      confirm: 'action.delete',
      danger: true,
      body: [h('p', { text: ['lists.delete_warning', { name: this.#name }] })],
      act: () => removePlaylist(this.id),
    });
    if (!deleted) return;
    toast('lists.deleted');
    this.context.go?.('/lists');
  }
}
