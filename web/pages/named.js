/** What is filed under one name: the videos of a category, of a person, or with a tag, and what else they have in common. */
import { options } from '../components/choices.js';
import { arches } from '../components/note.js';
import { PagedList } from '../components/paged-list.js';
import { VideoCard } from '../components/video-card.js';
import { namedPath, ownPath } from '../lib/address.js';
import { personNamed, searchVideos } from '../lib/catalogue.js';
import { foreign, h, icon, replace } from '../lib/dom.js';
import { since } from '../lib/format.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { searchFrom, searchPath, sorts } from '../lib/search-address.js';
import { recentlySeen } from '../lib/seen.js';
import { visible } from '../lib/visible.js';

/** @typedef {'category' | 'person' | 'tag'} Kind */
/** @typedef {import('../lib/catalogue.js').Counts} Counts */
/** @typedef {import('../lib/search-address.js').Search} Search */
/** @typedef {import('../lib/search-address.js').Sort} Sort */

const symbols = { category: 'folder', person: 'person', tag: 'tag' };

/** Names beside the videos, of each kind. */
const mostNames = 8;

/**
 * @param {import('../router.js').Context} context
 * @param {string} kind
 * @returns {import('../router.js').View}
 */
export function namedView(context, kind) {
  const page = new NamedPage(context, /** @type {Kind} */ (kind));
  page.start();
  return { element: page.element, title: () => visible(page.name), close: () => page.close() };
}

class NamedPage {
  #stop = new AbortController();

  /**
   * @param {import('../router.js').Context} context
   * @param {Kind} kind
   */
  constructor(context, kind) {
    this.context = context;
    this.kind = kind;
    this.name = nameIn(location.search);
    this.seen = recentlySeen(this.#stop.signal);
    this.facts = h('p', { class: 'named-facts', role: 'status', 'data-testid': 'count' });
    this.role = h('span', { class: 'chip', hidden: true, 'data-testid': 'kind' });
    this.beside = h('nav', { class: 'named-beside', label: 'named.beside', hidden: true });
    this.sort = h(
      'select',
      {
        class: 'input select',
        label: 'search.sort',
        'data-testid': 'sort',
        onchange: () => this.#sortBy(/** @type {Sort} */ (this.sort.value)),
      },
      ...options(sorts.filter((sort) => sort !== '').map((sort) => [sort, `search.sort_${sort}`])),
    );
    this.list = new PagedList({
      load: (cursor, signal) => this.#load(cursor, signal),
      row: (video) => this.#row(video),
      empty: () => this.#emptyNote(),
      className: 'grid',
      testid: 'named',
      label: 'named.videos',
      error: 'named.error',
    });
    this.element = h(
      'div',
      {},
      h(
        'div',
        { class: 'named-head' },
        h('span', { class: 'list-symbol', 'aria-hidden': 'true' }, icon(symbols[kind])),
        h(
          'div',
          { class: 'named-words' },
          h('p', { class: 'named-kind', text: `named.${kind}` }),
          h('h1', { 'data-testid': 'name' }, foreign(this.name)),
          h('div', { class: 'named-line' }, this.role, this.facts),
        ),
        h(
          'div',
          { class: 'named-tools' },
          h(
            'a',
            { class: 'button', href: searchPath(this.#filter()), 'data-testid': 'search-in' },
            icon('search'),
            h('span', { text: 'named.search' }),
          ),
          this.sort,
        ),
      ),
      this.beside,
      this.list.element,
    );
  }

  start() {
    const { signal } = this.#stop;
    signal.addEventListener('abort', onLocaleChange(() => this.#begin()), { once: true });
    this.#begin();
    if (this.kind === 'person') void this.#showRole(signal);
  }

  close() {
    this.#stop.abort();
    this.list.close();
  }

  #begin() {
    this.sort.value = sortIn(location.search);
    void this.list.begin();
  }

  /** @param {Sort} sort */
  #sortBy(sort) {
    const path = namedPath(this.kind, this.name, sort === 'newest' ? '' : sort);
    history.replaceState(null, '', ownPath(path, '/'));
    void this.list.begin();
  }

  /** @returns {Partial<Search>} */
  #filter() {
    if (this.kind === 'category') return { category: this.name };
    return this.kind === 'person' ? { people: [this.name] } : { tags: [this.name] };
  }

  /**
   * @param {string | null} cursor
   * @param {AbortSignal} signal
   */
  async #load(cursor, signal) {
    if (this.name === '') return { data: [], next_cursor: null };
    const search = { ...searchFrom(''), ...this.#filter(), sort: sortIn(location.search) };
    const page = await searchVideos(search, cursor, signal);
    if (page.counts !== null && !signal.aborted) this.#showCounts(page.counts);
    return page;
  }

  /** @param {Counts} counts */
  #showCounts(counts) {
    this.facts.textContent = t('library.count', { count: counts.total });
    const rows = /** @type {Kind[]} */ (['category', 'person', 'tag']).map((kind) => ({
      kind,
      names: counts[kind].map(({ value }) => value)
        .filter((value) => kind !== this.kind || value !== this.name).slice(0, mostNames),
    })).filter(({ names }) => names.length > 0);
    this.beside.hidden = rows.length === 0;
    replace(
      this.beside,
      ...rows.map(({ kind, names }) =>
        h(
          'ul',
          { label: `named.beside_${kind}` },
          ...names.map((name) =>
            h(
              'li',
              {},
              h('a', { class: 'name', href: namedPath(kind, name) }, icon(symbols[kind]), foreign(name)),
            )
          ),
        )
      ),
    );
  }

  /** Whether somebody is a surgeon or a speaker stands in the vocabulary. @param {AbortSignal} signal */
  async #showRole(signal) {
    const person = await personNamed(this.name, signal).catch(() => null);
    if (!person?.kind || signal.aborted) return;
    this.role.hidden = false;
    replace(this.role, foreign(person.kind));
  }

  /** @param {import('../lib/api.js').Video} video */
  #row(video) {
    const look = this.kind === 'category' ? { facts: came } : {};
    const card = new VideoCard(video, look);
    void this.seen.then((all) => (card.seen = all.get(video.id) ?? null));
    return card.element;
  }

  #emptyNote() {
    this.facts.textContent = '';
    return h(
      'div',
      { class: 'empty', 'data-testid': 'empty' },
      arches(),
      h('h2', { text: 'named.empty' }),
      h('p', { text: 'named.empty_hint' }),
      h('a', { class: 'button primary', href: '/', text: 'notfound.back' }),
    );
  }
}

/** Where it is filed stands at the head of the page. @param {import('../lib/api.js').Video} video */
function came({ created_at }) {
  return since(created_at);
}

/** @param {string} query of an address */
export function nameIn(query) {
  return (new URLSearchParams(query).get('name') ?? '').trim().slice(0, 200);
}

/** @param {string} query of an address @returns {Sort} */
export function sortIn(query) {
  const { sort } = searchFrom(query);
  return sort === '' ? 'newest' : sort;
}
