/** Home: what one has begun, the categories, and the library, a grid of videos that fills and changes while one looks at it. */
import { fileChooser } from '../components/drop.js';
import { arches, troubleNote } from '../components/note.js';
import { VideoCard } from '../components/video-card.js';
import { base, listVideos } from '../lib/api.js';
import { h, replace } from '../lib/dom.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { follow } from '../lib/live.js';
import { explain } from '../lib/problem.js';
import { mayUpload } from '../lib/rights.js';
import { recentlySeen } from '../lib/seen.js';
import { categoryChips } from './home/categories.js';
import { Featured } from './home/featured.js';
import { ContinueShelf } from './home/shelf.js';

/** @typedef {import('../lib/api.js').Video} Video */

/**
 * @param {import('../router.js').Context} context
 * @returns {import('../router.js').View}
 */
export function libraryView(context) {
  const library = new Library(context);
  library.start();
  return { element: library.element, title: () => t('library.title'), close: () => library.close() };
}

class Library {
  /** @type {Map<string, VideoCard>} in the order of the page */
  #cards = new Map();
  /** @type {string | null} */
  #cursor = null;
  #stop = new AbortController();
  #loaded = false;
  /** @type {Map<string, import('../lib/seen.js').Seen>} */
  #seen = new Map();
  /** @type {Set<string | null>} uploads whose video was asked for */
  #fetched = new Set();

  /** @param {import('../router.js').Context} context */
  constructor(context) {
    this.context = context;
    this.grid = h('ul', { class: 'grid', 'aria-busy': 'true', 'data-testid': 'library' }, ...bones());
    this.more = h('button', {
      type: 'button',
      class: 'button',
      text: 'library.more',
      onclick: () => this.#loadMore(),
    });
    this.foot = h('div', { class: 'more', hidden: true }, this.more);
    this.note = h('div');
    this.status = h('p', { class: 'unseen', role: 'status', text: 'library.loading' });
    this.featured = new Featured();
    this.shelf = new ContinueShelf();
    this.categories = categoryChips();
    this.newest = h('h2', { class: 'shelf-title', text: 'home.newest', hidden: true });
    this.element = h(
      'div',
      {},
      h('div', { class: 'page-head' }, h('h1', { text: 'library.title' })),
      this.categories.element,
      this.featured.element,
      this.shelf.element,
      this.status,
      this.newest,
      this.note,
      this.grid,
      this.foot,
    );
  }

  start() {
    const { signal } = this.#stop;
    this.#load();
    void this.#loadOwn();
    const end = follow(`${base}/videos/events`, {
      changed: (video, event) => this.#changed(video, event),
      caughtUp: () => this.#catchUp(),
    });
    signal.addEventListener('abort', end, { once: true });
    signal.addEventListener('abort', onLocaleChange(() => this.#redraw()), { once: true });
    this.context.uploads.addEventListener('change', () => this.#uploadsChanged(), { signal });
  }

  close() {
    this.#stop.abort();
  }

  /** What stands around the grid and on its cards; each shows itself when it comes. */
  async #loadOwn() {
    const { signal } = this.#stop;
    const [, , , seen] = await Promise.all([
      this.featured.load(signal),
      this.shelf.load(signal),
      this.categories.load(signal),
      recentlySeen(signal),
    ]);
    this.newest.hidden = !this.#standsBelow || this.#cards.size === 0;
    this.#seen = seen;
    for (const card of this.#cards.values()) this.#mark(card);
  }

  /** @param {Video} video */
  #card(video) {
    const card = new VideoCard(video);
    this.#mark(card);
    return card;
  }

  /** @param {VideoCard} card */
  #mark(card) {
    const seen = this.#seen.get(card.video.id);
    if (seen) card.seen = seen;
  }

  #catchUp() {
    this.context.session.check().catch(() => {});
    this.#load();
  }

  async #load() {
    try {
      const page = await listVideos({ signal: this.#stop.signal });
      this.#cards.clear();
      this.#cursor = page.next_cursor;
      for (const video of page.data) this.#cards.set(video.id, this.#card(video));
      this.#loaded = true;
      this.#render();
    } catch (error) {
      this.#failed(error);
    }
  }

  async #loadMore() {
    this.more.setAttribute('aria-busy', 'true');
    try {
      const page = await listVideos({ cursor: this.#cursor, signal: this.#stop.signal });
      this.#cursor = page.next_cursor;
      const fresh = page.data.filter((video) => !this.#cards.has(video.id)).map((video) => this.#card(video));
      for (const card of fresh) this.#cards.set(card.video.id, card);
      this.grid.append(...fresh.map((card) => card.element));
      this.foot.hidden = this.#cursor === null;
      fresh[0]?.link.focus();
    } catch (error) {
      this.#failed(error);
    } finally {
      this.more.removeAttribute('aria-busy');
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    if (this.#stop.signal.aborted) return;
    if (this.#loaded) return; // What is on the page is better than a complaint; the events come back by themselves.
    this.grid.hidden = true;
    replace(
      this.note,
      troubleNote('library.error', explain(error), () => {
        this.note.replaceChildren();
        this.grid.hidden = false;
        this.#load();
      }),
    );
  }

  #render() {
    const cards = [...this.#cards.values()];
    this.grid.removeAttribute('aria-busy');
    this.grid.hidden = cards.length === 0;
    this.foot.hidden = this.#cursor === null;
    this.newest.hidden = !this.#standsBelow || cards.length === 0;
    this.status.textContent = t('library.count', { count: cards.length });
    replace(this.grid, ...cards.map((card) => card.element));
    replace(this.note, cards.length === 0 && this.#emptyNote());
  }

  /** The grid is not the first of the page. */
  get #standsBelow() {
    return !this.shelf.element.hidden || !this.featured.element.hidden;
  }

  #emptyNote() {
    const isMaker = mayUpload(this.context.user);
    return h(
      'div',
      { class: 'empty', 'data-testid': 'empty' },
      arches(),
      h('h2', { text: 'library.empty' }),
      h('p', { text: isMaker ? 'library.empty_hint' : 'library.empty_viewer' }),
      isMaker && fileChooser((files) => this.context.uploads.add(files)),
    );
  }

  #redraw() {
    if (!this.#loaded) return;
    for (const card of this.#cards.values()) card.update(card.video);
    this.shelf.draw();
    this.featured.redraw();
    this.status.textContent = t('library.count', { count: this.#cards.size });
  }

  /**
   * @param {Video} video
   * @param {string} event
   */
  #changed(video, event) {
    if (!this.#loaded) return;
    this.featured.changed(video, event, this.#stop.signal);
    const card = this.#cards.get(video.id);
    if (event === 'removed') {
      card?.element.remove();
      this.#cards.delete(video.id);
      if (this.#cards.size === 0) this.#render();
    } else if (card) {
      card.update({ ...card.video, ...video });
    } else if (this.#isNew(video)) {
      this.#cards = new Map([[video.id, this.#card(video)], ...this.#cards]);
      this.#render();
    }
  }

  /** A video of an older page may change too; it is no news for this one. @param {Video} video */
  #isNew(video) {
    const newest = [...this.#cards.values()][0]?.video.created_at ?? '';
    return video.created_at >= newest;
  }

  /** A video is in the list as soon as its upload has ended, whatever the events do. */
  #uploadsChanged() {
    const ended = this.context.uploads.uploads.filter((upload) => upload.state === 'done');
    if (ended.every((upload) => this.#fetched.has(upload.videoId))) return;
    for (const upload of ended) this.#fetched.add(upload.videoId);
    this.#load();
  }
}

/** The shape of what is coming. */
function bones() {
  return Array.from({ length: 8 }, () =>
    h(
      'li',
      { class: 'card', 'aria-hidden': 'true' },
      h('div', { class: 'card-picture bone' }),
      h('div', { class: 'bone line' }),
    ));
}
