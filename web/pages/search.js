/** What was found: hits with their words marked, and filters that stand in the address. */
import { arches } from '../components/note.js';
import { options } from '../components/choices.js';
import { PagedList } from '../components/paged-list.js';
import { filed, VideoCard } from '../components/video-card.js';
import { ownPath, watchPath } from '../lib/address.js';
import { searchVideos } from '../lib/catalogue.js';
import { foreign, h, icon, replace, sentence } from '../lib/dom.js';
import { clock } from '../lib/format.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { marked } from '../lib/marking.js';
import { isNarrowed, searchFrom, searchPath, sorts } from '../lib/search-address.js';
import { recentlySeen } from '../lib/seen.js';
import { visible } from '../lib/visible.js';
import { languageName } from '../player/track-label.js';
import { Facets, narrowings } from './search/facets.js';

/** @typedef {import('../lib/catalogue.js').Found} Found */
/** @typedef {import('../lib/search-address.js').Search} Search */
/** @typedef {import('../lib/search-address.js').Sort} Sort */

/**
 * @param {import('../router.js').Context} context
 * @returns {import('../router.js').View}
 */
export function searchView(context) {
  const page = new SearchPage(context);
  page.start();
  return { element: page.element, title: () => page.title(), close: () => page.close() };
}

class SearchPage {
  #search = searchFrom(location.search);
  #stop = new AbortController();
  /** @type {Map<string, VideoCard>} */
  #cards = new Map();

  /** @param {import('../router.js').Context} context */
  constructor(context) {
    this.context = context;
    this.heading = h('h1');
    this.count = h('p', { role: 'status', 'data-testid': 'count' });
    this.chosen = h('ul', { class: 'narrowings', label: 'search.chosen', hidden: true });
    this.facets = new Facets();
    this.sort = h('select', {
      class: 'input select',
      label: 'search.sort',
      'data-testid': 'sort',
      onchange: () => this.#refine({ sort: /** @type {Sort} */ (this.sort.value) }),
    }, ...options(sorts.map((sort) => [sort, `search.sort_${sort || 'relevance'}`])));
    this.list = new PagedList({
      load: (cursor, signal) => this.#load(cursor, signal),
      row: (video) => this.#row(video),
      empty: () => this.#emptyNote(),
      className: 'hits',
      testid: 'hits',
      label: 'search.hits',
      error: 'search.error',
    });
    this.element = h(
      'div',
      { class: 'search-page' },
      h(
        'div',
        { class: 'page-head' },
        this.heading,
        this.count,
        h('div', { class: 'search-tools' }, this.facets.opener, h('span', { class: 'sorting' }, this.sort)),
      ),
      this.chosen,
      h('div', { class: 'search-body' }, this.facets.element, this.list.element),
    );
    // A link that only narrows the search changes what is on the page, and the focus stays where it is.
    this.element.addEventListener('click', (event) => this.#clicked(event));
  }

  start() {
    const { signal } = this.#stop;
    signal.addEventListener('abort', onLocaleChange(() => this.#begin()), { once: true });
    this.#begin();
    void this.#markSeen();
  }

  close() {
    this.#stop.abort();
    this.list.close();
  }

  title() {
    const { q, category } = this.#search;
    if (q !== '') return t('search.title_words', { words: q });
    return category === '' ? t('search.title') : visible(category);
  }

  /** @param {Partial<Search>} changes */
  #refine(changes) {
    this.#open(searchPath({ ...this.#search, ...changes }));
  }

  /** @param {string} path */
  #open(path) {
    history.pushState(null, '', ownPath(path, '/search'));
    this.#search = searchFrom(location.search);
    this.context.search.show(this.#search.q);
    this.context.retitle?.();
    this.#begin();
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = /** @type {Element} */ (event.target).closest('a[data-refine]');
    if (!(link instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    const kept = link.closest('.facets') ? link.dataset.refine ?? '' : null;
    this.#open(link.pathname + link.search);
    // The link is drawn anew with the answer; until then, and where it is gone, the heading holds the place.
    if (kept !== null) this.facets.keepFocus(kept);
    else this.facets.opener.focus();
  }

  #begin() {
    const search = this.#search;
    replace(this.heading, ...headline(search));
    this.sort.value = search.sort;
    this.sort.hidden = false;
    const links = narrowings(search);
    this.chosen.hidden = links.length === 0;
    replace(this.chosen, ...links.map((link) => h('li', {}, link)));
    void this.list.begin();
  }

  /**
   * @param {string | null} cursor
   * @param {AbortSignal} signal
   */
  async #load(cursor, signal) {
    const page = await searchVideos(this.#search, cursor, signal);
    if (page.counts !== null && !signal.aborted) {
      this.count.textContent = t('library.count', { count: page.counts.total });
      this.facets.show(this.#search, page.counts);
    }
    if (cursor === null) this.#cards.clear();
    return page;
  }

  /** @param {Found} video */
  #row(video) {
    const card = new VideoCard(video, {
      testid: 'hit',
      title: markedTitle(video),
      facts: filed,
      below: places(video),
    });
    this.#cards.set(video.id, card);
    const seen = this.#seen.get(video.id);
    if (seen) card.seen = seen;
    return card.element;
  }

  /** @type {Map<string, import('../lib/seen.js').Seen>} */
  #seen = new Map();

  async #markSeen() {
    this.#seen = await recentlySeen(this.#stop.signal);
    for (const [id, card] of this.#cards) card.seen = this.#seen.get(id) ?? null;
  }

  #emptyNote() {
    const search = this.#search;
    const { q } = search;
    return h(
      'div',
      { class: 'empty', 'data-testid': 'empty' },
      arches(),
      q === ''
        ? h('h2', { text: 'search.nothing' })
        : h('h2', {}, ...sentence('search.nothing_for', { words: foreign(q) })),
      h(
        'ul',
        { class: 'tips' },
        q !== '' && h('li', { text: 'search.tip_spelling' }),
        q !== '' && h('li', { text: 'search.tip_fewer' }),
        isNarrowed(search) && h('li', { text: 'search.tip_filters' }),
      ),
      isNarrowed(search) &&
        h('a', {
          class: 'button primary',
          href: searchPath({ q, sort: search.sort }),
          'data-refine': 'all',
          text: 'search.without_filters',
        }),
      h('a', { class: 'button', href: '/', text: 'notfound.back' }),
    );
  }
}

/** @param {Search} search */
function headline({ q, category, tags, people, language }) {
  if (q !== '') return sentence('search.results_for', { words: foreign(q) });
  const only = [category, ...tags, ...people, language && languageName(language)].filter((value) =>
    value !== ''
  );
  return only.length === 1 ? [foreign(only[0])] : [t('search.title')];
}

/** @param {Found} video */
function markedTitle({ title, highlights = [] }) {
  const found = highlights.find(({ field, text }) => field === 'title' && text === title);
  return found ? marked(found.text, found.ranges) : foreign(title);
}

/** Where else the words were found: a line for each kind of place. @param {Found} video */
function places({ id, highlights = [] }) {
  return Object.keys(symbols).map((field) => {
    const found = highlights.filter((highlight) => highlight.field === field).slice(0, 3);
    return found.length > 0 && h(
      'p',
      { class: 'hit-place', 'data-field': field },
      icon(symbols[field]),
      h('span', { class: 'unseen', text: `search.in_${field}` }),
      h(
        'span',
        { class: 'hit-words' },
        ...found.flatMap(({ text, ranges, time = null }, place) => [
          place > 0 && (time === null ? ', ' : ' · '),
          time !== null && jump(id, time),
          marked(text, ranges),
        ]),
      ),
    );
  });
}

/**
 * Plays the video from where something is said.
 * @param {string} id
 * @param {number} time seconds
 */
function jump(id, time) {
  const at = clock(time);
  return h(
    'a',
    { class: 'hit-jump', href: watchPath(id, time), label: ['search.play_from', { time: at }] },
    at,
  );
}

/** In the order in which they are shown. @type {Record<string, string>} */
const symbols = { description: 'text', spoken: 'captions', person: 'person', tag: 'tag', category: 'folder' };
