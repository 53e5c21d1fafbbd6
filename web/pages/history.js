/** What a person has watched, the latest first, with where they stopped. */
import { ask } from '../components/dialogs.js';
import { arches } from '../components/note.js';
import { PagedList } from '../components/paged-list.js';
import { toast, toastError } from '../components/toast.js';
import { VideoCard } from '../components/video-card.js';
import { forgetHistory, forgetWatching, listHistory, markWatched } from '../lib/catalogue.js';
import { h, icon, replace } from '../lib/dom.js';
import { clock, since } from '../lib/format.js';
import { bind, onLocaleChange, t } from '../lib/i18n.js';
import { seenFrom } from '../lib/seen.js';

/** @typedef {import('../lib/catalogue.js').Watched} Watched */

/** @returns {import('../router.js').View} */
export function historyView() {
  const page = new History();
  page.start();
  return { element: page.element, title: () => t('history.title'), close: () => page.close() };
}

class History {
  #stop = new AbortController();
  #isUnfinished = new URLSearchParams(location.search).get('state') === 'unfinished';

  constructor() {
    this.clear = h(
      'button',
      {
        type: 'button',
        class: 'button',
        'data-testid': 'clear',
        hidden: true,
        onclick: () => void this.#clear(),
      },
      icon('trash'),
      h('span', { text: 'history.clear' }),
    );
    this.list = new PagedList({
      load: async (cursor, signal) => {
        const page = await listHistory(cursor, signal, { isUnfinished: this.#isUnfinished });
        if (!signal.aborted) this.clear.hidden = cursor === null && page.data.length === 0;
        return page;
      },
      row: (entry) => this.#row(entry),
      empty: () => this.#emptyNote(),
      className: 'hits',
      testid: 'history',
      label: 'history.title',
      error: 'history.error',
      status: (items) => t('library.count', { count: items.length }),
    });
    this.element = h(
      'div',
      { class: 'narrow-page' },
      h(
        'div',
        { class: 'page-head' },
        h('h1', { text: 'history.title' }),
        h('div', { class: 'head-actions' }, this.clear),
      ),
      h(
        'nav',
        { class: 'tabs', label: 'history.which' },
        this.#tab('/history', 'history.all', !this.#isUnfinished),
        this.#tab('/history?state=unfinished', 'history.unfinished', this.#isUnfinished),
      ),
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

  /**
   * @param {string} href
   * @param {string} text a message key
   * @param {boolean} isHere
   */
  #tab(href, text, isHere) {
    return h('a', { href, text, 'aria-current': isHere ? 'page' : null });
  }

  #emptyNote() {
    return h(
      'div',
      { class: 'empty', 'data-testid': 'empty' },
      arches(),
      h('h2', { text: this.#isUnfinished ? 'history.finished' : 'history.empty' }),
      h('p', { text: this.#isUnfinished ? 'history.finished_hint' : 'history.empty_hint' }),
      h('a', { class: 'button primary', href: '/', text: 'notfound.back' }),
    );
  }

  /** @param {Watched} entry */
  #row(entry) {
    const { video } = entry;
    const { title } = video;
    const place = h('p', { class: 'card-facts' });
    const card = new VideoCard(video, {
      testid: 'watched',
      facts: () => t('history.watched', { time: since(entry.last_watched_at) }),
      below: [place],
    });
    const mark = h('button', { type: 'button', class: 'icon-button', 'data-part': 'mark' });
    const show = () => {
      const whole = entry.duration ?? video.duration ?? 0;
      const values = { position: clock(entry.position), duration: clock(whole) };
      card.seen = seenFrom(entry, video.duration);
      place.textContent = !entry.watched && whole > 0 ? t('history.place', values) : '';
      const key = entry.watched ? 'history.unmark' : 'history.mark';
      bind(mark, 'aria-label', key, { title });
      bind(mark, 'title', key, { title });
      replace(mark, icon(entry.watched ? 'replay' : 'check'));
    };
    mark.addEventListener('click', async () => {
      const before = { ...entry };
      Object.assign(entry, { watched: !entry.watched, resume_at: 0, position: 0 });
      show();
      try {
        await markWatched(video.id, entry.watched);
      } catch (error) {
        Object.assign(entry, before);
        show();
        toastError(error);
      }
    });
    const remove = h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        label: ['history.remove', { title }],
        tip: ['history.remove', { title }],
        'data-part': 'remove',
        onclick: () => void this.#remove(video.id, card.element, remove),
      },
      icon('close'),
    );
    card.element.append(h('div', { class: 'hit-actions' }, mark, remove));
    show();
    return card.element;
  }

  /**
   * @param {string} id
   * @param {HTMLElement} row
   * @param {HTMLButtonElement} button
   */
  async #remove(id, row, button) {
    button.setAttribute('aria-busy', 'true');
    try {
      await forgetWatching(id);
      this.list.remove(row);
      this.clear.hidden = this.list.items.length === 0;
      toast('history.removed');
    } catch (error) {
      button.removeAttribute('aria-busy');
      toastError(error);
    }
  }

  async #clear() {
    const done = await ask({
      title: 'history.clear_question',
      confirm: 'history.clear',
      danger: true,
      body: [h('p', { text: 'history.clear_warning' })],
      act: forgetHistory,
    });
    if (!done) return;
    toast('history.cleared');
    void this.list.begin();
  }
}
